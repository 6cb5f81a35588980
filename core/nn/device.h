// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include <c10/core/Device.h>

#include "core/base/error.h"

namespace whorl {

/// "auto" (CUDA if there is a device, else CPU), "cpu", "cuda", "cuda:1". Error(Usage) for other texts; Error(Failed)
/// if CUDA is asked for and there is none: no silent fallback.
c10::Device parseDevice(const std::string& text);

/// "cpu (2 threads)" or "cuda:0 (NVIDIA …, 80 GB)".
std::string describeDevice(c10::Device device);

bool cudaAvailable();
/// Whether the processor multiplies bfloat16 by itself; without, bfloat16 is correct and slow.
bool hasBfloat16();
/// Free bytes on the device (CUDA), or free host memory (CPU).
std::int64_t freeMemory(c10::Device device);

/// Once in a process, before the first operator: raises glibc's mmap and trim thresholds, so that large activations
/// are reused instead of faulting in page by page at every operator (measured: twice as many images a second).
void tuneAllocator();

/// Intra-operator threads of the calling thread (torch's default for all threads that have not called it).
void setIntraOpThreads(int count);
int hardwareThreads();

/// Waits for queued device work, so that a clock can be read. No-op on the CPU.
void synchronise(c10::Device device);

/// Turns torch's exceptions into Error: out of memory with the device's name, others with the first line of the message
/// (never a C++ backtrace). `where` is what was being done. Rethrows an Error as it is. Never returns.
[[noreturn]] void rethrowTorchError(std::exception_ptr exception, const std::string& where);

}  // namespace whorl
