// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/import_torchscript.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/nn/safetensors.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr std::uint64_t kModuleLimit = std::uint64_t{2} << 30;

/// What the module's reader sees of an archive in memory.
class ArchiveReader : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit ArchiveReader(std::string_view archive) : m_archive(archive) {}
  size_t size() const override { return m_archive.size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char* /*what*/) const override {
    if (position >= m_archive.size()) return 0;
    const std::string_view piece = m_archive.substr(position, count);
    std::memcpy(buffer, piece.data(), piece.size());
    return piece.size();
  }

 private:
  std::string_view m_archive;
};

std::string shapeText(at::IntArrayRef sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(sizes[i]);
  }
  return text + "]";
}

/// One line of an error: the first, or of the interpreter's, which begin with a traceback, the last.
std::string reasonOf(const std::exception& error) {
  const auto* torchError = dynamic_cast<const c10::Error*>(&error);
  std::string text = torchError != nullptr ? torchError->what_without_backtrace() : error.what();
  if (!text.starts_with("The following operation failed in the TorchScript interpreter")) {
    return text.substr(0, text.find('\n'));
  }
  text.erase(text.find_last_not_of(" \n") + 1);
  const auto end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

[[noreturn]] void throwBad(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorKind::BadInput, reason, path.string(),
              "check the input's shape, and that the module returns one tensor of logits");
}

Tensor perChannel(const std::vector<double>& values, double neutral, const ImageShape& input, torch::Device device,
                  const std::filesystem::path& path) {
  const auto channels = static_cast<std::size_t>(input.channels);
  const std::vector<double> all = values.empty() ? std::vector<double>(channels, neutral) : values;
  if (all.size() != channels ||
      !std::all_of(all.begin(), all.end(), [](double value) { return std::isfinite(value); })) {
    throwBad(path, "mean and scale need one finite number for each channel");
  }
  return at::tensor(all, torch::kFloat32).view({1, input.channels, 1, 1}).to(device);
}

class TorchScriptClassifier : public Classifier {
 public:
  TorchScriptClassifier(torch::jit::Module module, const ImageShape& input, Tensor mean, Tensor scale,
                        torch::Device device)
      : m_module(std::move(module)),
        m_input(input),
        m_mean(std::move(mean)),
        m_scale(std::move(scale)),
        m_device(device) {
    m_module.to(device);
    m_module.eval();
    for (const Tensor& parameter : m_module.parameters()) {
      parameter.set_requires_grad(false);
    }
  }

  Tensor logits(const Tensor& images) const override {
    torch::jit::Module module = m_module;  // forward() is not const; the copy shares the weights
    return module.forward({(images - m_mean) / m_scale}).toTensor();
  }

  // Runs the module once; a module that isn't a classifier of this input is refused.
  void tryOut(const std::filesystem::path& path) {
    const std::vector<std::int64_t> shape{2, m_input.channels, m_input.height, m_input.width};
    const Tensor images = at::full(shape, .5, at::TensorOptions().dtype(torch::kFloat32).device(m_device));
    torch::jit::Module module = m_module;
    c10::IValue result;
    try {
      result = module.forward({(images - m_mean) / m_scale});
    } catch (const std::exception& error) {
      throwBad(path, "the module does not take images of the shape " + shapeText(shape) + ": " + reasonOf(error));
    }
    if (!result.isTensor()) {
      throwBad(path, "the module returns a " + result.tagKind() + " instead of a tensor");
    }
    const Tensor& logits = result.toTensor();
    if (logits.dim() != 2 || logits.size(0) != 2 || logits.size(1) < 2 || logits.scalar_type() != torch::kFloat32) {
      throwBad(path, "the module makes " + shapeText(logits.sizes()) + " of images of the shape " + shapeText(shape) +
                         "; a classifier makes [2,K] in float32");
    }
    if (!logits.isfinite().all().item<bool>()) {
      throwBad(path, "the module gives NaN or infinite logits for a grey image");
    }
    m_classes = static_cast<int>(logits.size(1));
    const Tensor probe = images.clone().set_requires_grad(true);
    m_differentiable = this->logits(probe).requires_grad();
  }

  ImageShape inputShape() const override { return m_input; }
  int classCount() const override { return m_classes; }
  bool differentiable() const override { return m_differentiable; }
  torch::Device device() const override { return m_device; }
  torch::Dtype dtype() const override { return torch::kFloat32; }

 private:
  torch::jit::Module m_module;
  ImageShape m_input;
  Tensor m_mean;
  Tensor m_scale;
  torch::Device m_device;
  int m_classes = 0;
  bool m_differentiable = false;
};

}  // namespace

void checkModuleTensor(const TensorFileHeader& header, const std::filesystem::path& path) {
  const auto found = header.tensors.find(kModuleTensor);
  const char* const hint = "the file is damaged, or was not written by Whorl";
  if (found == header.tensors.end() || header.tensors.size() != 1) {
    throw Error(ErrorKind::BadInput, std::string("a TorchScript model has one tensor, ") + kModuleTensor, path.string(),
                hint);
  }
  const TensorInfo& module = found->second;
  if (module.dtype != torch::kUInt8 || module.shape.size() != 1 || module.begin == module.end) {
    throw Error(ErrorKind::BadInput, std::string(kModuleTensor) + " must be a list of bytes", path.string(), hint);
  }
  if (module.end - module.begin > kModuleLimit) {
    throw Error(ErrorKind::BadInput, "the TorchScript module is larger than 2 GiB", path.string());
  }
}

std::string moduleArchiveOf(std::string modelFile, const std::filesystem::path& path) {
  const TensorFileHeader header = parseSafetensorsHeader(modelFile, path);
  checkModuleTensor(header, path);
  // The only tensor is all that follows the header.
  const TensorInfo& module = header.tensors.at(kModuleTensor);
  modelFile.erase(0, modelFile.size() - (module.end - module.begin));
  return modelFile;
}

std::string readModuleArchive(const std::filesystem::path& path) {
  std::string bytes = readFile(path, kModuleFileLimit);
  const bool zip = bytes.starts_with(std::string_view("PK\x03\x04", 4));
  if (zip && bytes.size() > kModuleLimit) {
    throw Error(ErrorKind::BadInput, "the TorchScript module is larger than 2 GiB", path.string());
  }
  return zip ? bytes : moduleArchiveOf(std::move(bytes), path);
}

std::shared_ptr<const Classifier> loadTorchScript(std::string_view archive, const std::filesystem::path& path,
                                                  const ImageShape& input, const std::vector<double>& mean,
                                                  const std::vector<double>& scale, torch::Device device) {
  if (input.channels < 1 || input.height < 1 || input.width < 1) {
    throw Error(ErrorKind::Usage, "a TorchScript module needs the shape of its input", path.string(),
                "give channels, height and width, such as 1x28x28");
  }
  if (std::any_of(scale.begin(), scale.end(), [](double value) { return !(value > 0); })) {
    throwBad(path, "scale must be greater than 0");
  }
  torch::jit::Module module;
  try {
    module = torch::jit::load(std::make_shared<ArchiveReader>(archive), device);
  } catch (const std::exception& error) {
    throwBad(path, "the TorchScript module can't be loaded: " + reasonOf(error));
  }
  auto classifier =
      std::make_shared<TorchScriptClassifier>(std::move(module), input, perChannel(mean, 0, input, device, path),
                                              perChannel(scale, 1, input, device, path), device);
  classifier->tryOut(path);
  return classifier;
}

}  // namespace whorl
