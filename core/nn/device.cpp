// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/device.h"

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <new>
#include <thread>
#include <utility>

#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>

namespace whorl {
namespace {

// The CUDA build of torch registers itself behind c10's device interface, so no header of a CUDA toolkit is needed
// here.
int cudaDeviceCount() {
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
    return 0;
  }
  return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
}

[[noreturn]] void throwNoCuda(const std::string& text) {
  throw Error(ErrorKind::Failed, "no CUDA device can be used", "device " + text,
              c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)
                  ? "check that nvidia-smi lists a device and that the driver is new enough, or use the device cpu"
                  : "this LibTorch was built without CUDA: set it up with WHORL_TORCH=cuda, or use the device cpu");
}

struct DriverInfo {
  std::string name = "NVIDIA GPU";
  std::size_t bytes = 0;
};

// Name and memory from the driver's library, which is there wherever a CUDA device is.
DriverInfo driverInfo(int index) {
  DriverInfo info;
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return info;
  }
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(library, "cuDeviceGet"));
  const auto name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(library, "cuDeviceGetName"));
  const auto total = reinterpret_cast<int (*)(std::size_t*, int)>(dlsym(library, "cuDeviceTotalMem_v2"));
  int device = 0;
  char text[256] = {};
  if (init != nullptr && get != nullptr && init(0) == 0 && get(&device, index) == 0) {
    if (name != nullptr && name(text, sizeof(text) - 1, device) == 0) {
      info.name = text;
    }
    if (total != nullptr) {
      total(&info.bytes, device);
    }
  }
  dlclose(library);
  return info;
}

std::int64_t freeHostMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::int64_t kibibytes = 0;
  std::string unit;
  while (file >> key >> kibibytes >> unit) {
    if (key == "MemAvailable:") {
      return kibibytes * 1024;
    }
  }
  return std::int64_t{sysconf(_SC_AVPHYS_PAGES)} * sysconf(_SC_PAGESIZE);
}

std::string firstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

bool saysOutOfMemory(const std::string& text) {
  for (const char* words : {"not enough memory", "out of memory", "can't allocate memory", "std::bad_alloc"}) {
    if (text.find(words) != std::string::npos) {
      return true;
    }
  }
  return false;
}

[[noreturn]] void throwTranslated(const std::string& text, const std::string& where) {
  if (saysOutOfMemory(text)) {
    throw Error(ErrorKind::OutOfMemory, firstLine(text), where, "use a smaller batch, or close what else uses memory");
  }
  throw Error(ErrorKind::Internal, firstLine(text), where);
}

}  // namespace

c10::Device parseDevice(const std::string& text) {
  if (text == "cpu") {
    return c10::Device(c10::kCPU);
  }
  if (text == "auto") {
    return cudaAvailable() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  }
  int index = 0;
  if (text != "cuda") {
    constexpr std::string_view kPrefix = "cuda:";
    const char* begin = text.data() + std::min(kPrefix.size(), text.size());
    const char* end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(begin, end, index);
    if (!text.starts_with(kPrefix) || failure != std::errc{} || rest != end || index < 0 || index > 127) {
      throw Error(ErrorKind::Usage, "unknown device '" + text + "'", "", "use auto, cpu, cuda or cuda:N");
    }
  }
  const int count = cudaDeviceCount();
  if (count == 0) {
    throwNoCuda(text);
  }
  if (index >= count) {
    throw Error(ErrorKind::Failed, "there is no such CUDA device", "device " + text,
                "the highest is cuda:" + std::to_string(count - 1));
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

std::string describeDevice(c10::Device device) {
  if (device.is_cuda()) {
    const int index = device.has_index() ? device.index() : 0;
    const DriverInfo info = driverInfo(index);
    std::string text = "cuda:" + std::to_string(index) + " (" + info.name;
    if (info.bytes > 0) {
      text += ", " + std::to_string((info.bytes + (std::size_t{1} << 29)) >> 30) + " GiB";
    }
    return text + ")";
  }
  const int threads = at::get_num_threads();
  return "cpu (" + std::to_string(threads) + (threads == 1 ? " thread)" : " threads)");
}

bool hasBfloat16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool cudaAvailable() { return cudaDeviceCount() > 0; }

std::int64_t freeMemory(c10::Device device) {
  if (!device.is_cuda()) {
    return freeHostMemory();
  }
  const c10::DeviceIndex index = device.has_index() ? device.index() : c10::DeviceIndex{0};
  const c10::DeviceGuard guard(c10::Device(c10::kCUDA, index));
  return static_cast<std::int64_t>(c10::getDeviceAllocator(c10::kCUDA)->getMemoryInfo(index).first);
}

void tuneAllocator() {
  // Activations are larger than the largest M_MMAP_THRESHOLD that glibc takes (32 MiB), so mapping is switched off
  // altogether. Only the main arena can hold blocks of more than 64 MiB: elsewhere they would be mapped after all, so
  // the workers share it. A trim threshold of -1 keeps what is freed.
  constexpr int kGrowth = 64 << 20;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, kGrowth);
}

void setIntraOpThreads(int count) { at::set_num_threads(std::max(1, count)); }

int hardwareThreads() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

void synchronise(c10::Device device) {
  if (device.is_cuda()) {
    const c10::DeviceIndex index = device.has_index() ? device.index() : c10::DeviceIndex{0};
    c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->synchronizeDevice(index);
  }
}

void rethrowTorchError(std::exception_ptr exception, const std::string& where) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    throw Error(ErrorKind::OutOfMemory, firstLine(error.what_without_backtrace()), where,
                "use a smaller batch, or the device cpu");
  } catch (const c10::Error& error) {
    throwTranslated(error.what_without_backtrace(), where);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::OutOfMemory, "the computer has not enough memory", where, "use a smaller batch");
  } catch (const std::exception& error) {
    throwTranslated(error.what(), where);
  } catch (...) {
    throw Error(ErrorKind::Internal, "an unknown exception", where);
  }
}

}  // namespace whorl
