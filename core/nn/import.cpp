// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/nn/device.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/import_torchscript.h"
#include "core/nn/model.h"
#include "core/nn/safetensors.h"
#include "core/nn/torchscript_probe.h"

namespace whorl {
namespace {

using torch::Tensor;
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

constexpr std::size_t kPickleLimit = std::size_t{2} << 30;
// As for models, and as much as a network of one image needs seconds for.
constexpr int kChannelLimit = 64;
constexpr int kSideLimit = 8192;
constexpr std::int64_t kInputLimit = 1 << 24;
constexpr const char* kPlainDictHint =
    "save a plain dict in Python: torch.save({k: v for k, v in net.state_dict().items()}, 'weights.pt'), or use "
    "safetensors";

enum class FileKind { Safetensors, PyTorchDict, TorchScript };

[[noreturn]] void throwBad(const std::filesystem::path& path, const std::string& reason, const std::string& hint = {}) {
  throw Error(ErrorKind::BadInput, reason, path.string(), hint);
}

void checkInput(const ImageShape& input, const std::filesystem::path& path) {
  if (input.channels > kChannelLimit || input.height > kSideLimit || input.width > kSideLimit ||
      input.size() > kInputLimit) {
    throw Error(ErrorKind::Usage, "the input " + toText(input) + " is too large", path.string(),
                "give channels, height and width, such as 3x32x32");
  }
}

// By what is in the file, not by its name.
FileKind kindOf(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file;
  char start[9] = {};
  if (std::filesystem::is_regular_file(path, ignored)) {  // opening a named pipe would wait for its writer
    file.open(path, std::ios::binary);
  }
  if (!file.read(start, sizeof(start))) {
    throwBad(path, "the file can't be read or is too short",
             "give a .safetensors file, a PyTorch file or a TorchScript file");
  }
  if (std::string_view(start, 4) == std::string_view("PK\x03\x04", 4)) {
    try {
      caffe2::serialize::PyTorchStreamReader reader(path.string());
      return reader.hasRecord("constants.pkl") ? FileKind::TorchScript : FileKind::PyTorchDict;
    } catch (const std::exception&) {
      throwBad(path, "the file is a damaged zip archive", "save it again");
    }
  }
  // A safetensors header's length may begin with the same byte as a pickle; its header then begins with a brace.
  if (start[0] == '\x80' && start[8] != '{') {
    throwBad(path, "this is PyTorch's old pickle format, which is not read", kPlainDictHint);
  }
  return FileKind::Safetensors;  // whose reader says what is wrong if it is none
}

NamedTensors tensorsOfDict(const c10::IValue& value, const std::filesystem::path& path, bool outermost = true) {
  if (!value.isGenericDict()) {
    throwBad(path, "the PyTorch file holds no dict of tensors", kPlainDictHint);
  }
  const auto dict = value.toGenericDict();
  // Once: a dict may hold itself.
  if (const auto inner = dict.find("state_dict"); outermost && inner != dict.end()) {
    return tensorsOfDict(inner->value(), path, false);
  }
  NamedTensors tensors;
  for (const auto& entry : dict) {
    if (!entry.key().isString() || !entry.value().isTensor()) {
      throwBad(path, "the dict in the PyTorch file holds something else than tensors by name", kPlainDictHint);
    }
    tensors.emplace_back(entry.key().toStringRef(), entry.value().toTensor().to(torch::kCPU));
  }
  return tensors;
}

NamedTensors readPyTorchDict(const std::filesystem::path& path) {
  const std::string bytes = readFile(path, kPickleLimit);
  try {
    return tensorsOfDict(torch::jit::pickle_load(std::vector<char>(bytes.begin(), bytes.end())), path);
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    // An OrderedDict, which net.state_dict() is, ends in an internal assertion of torch; so do pickled classes.
    throwBad(path, "the PyTorch file can't be read: it holds something else than a plain dict of tensors",
             kPlainDictHint);
  }
}

// "module." is DataParallel's prefix; the number of batches is a counter that no forward pass uses.
NamedTensors cleaned(NamedTensors tensors) {
  std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with("num_batches_tracked"); });
  const bool parallel =
      std::all_of(tensors.begin(), tensors.end(), [](const auto& entry) { return entry.first.starts_with("module."); });
  for (auto& [name, tensor] : tensors) {
    if (parallel) {
      name.erase(0, std::string_view("module.").size());
    }
  }
  return tensors;
}

// The network's tensors in the order in which PyTorch's state_dict() would list them.
std::vector<std::pair<std::string, Tensor>> inModuleOrder(const Network& network) {
  NamedTensors ordered;
  auto buffer = network.buffers().begin();
  for (const auto& entry : network.parameters()) {
    ordered.push_back(entry);
    if (entry.first.starts_with("bn") && entry.first.ends_with(".bias")) {
      ordered.push_back(*buffer++);
      ordered.push_back(*buffer++);
    }
  }
  return ordered;
}

int classesOf(const NamedTensors& tensors, const Network& network, const std::filesystem::path& path) {
  const std::string last = network.parameters().back().first;
  auto found = std::find_if(tensors.begin(), tensors.end(), [&last](const auto& entry) { return entry.first == last; });
  if (found == tensors.end() && !tensors.empty()) {
    found = std::prev(tensors.end());
  }
  if (found == tensors.end() || found->second.dim() != 1 || found->second.numel() < 2 ||
      found->second.numel() > 100'000) {
    throwBad(path, "the number of classes can't be told: the tensor " + last + " is missing or has an odd shape",
             "check that the architecture is the file's");
  }
  return static_cast<int>(found->second.numel());
}

std::map<std::string, Tensor> matched(const NamedTensors& tensors, bool ordered, const Network& network) {
  std::map<std::string, Tensor> named(tensors.begin(), tensors.end());
  const auto wanted = network.tensors();
  const bool namesKnown =
      std::any_of(named.begin(), named.end(), [&wanted](const auto& entry) { return wanted.contains(entry.first); });
  const NamedTensors targets = inModuleOrder(network);
  if (namesKnown || !ordered || tensors.size() != targets.size()) {
    return named;
  }
  std::map<std::string, Tensor> renamed;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (tensors[i].second.sizes() != targets[i].second.sizes()) {
      return named;
    }
    renamed[targets[i].first] = tensors[i].second;
  }
  return renamed;
}

Model importWeights(const ImportRequest& request, FileKind kind, torch::Device device) {
  const Architecture& architecture = findArchitecture(request.architecture);
  const ImageShape input = request.input.size() > 0 ? request.input : architecture.input;
  NamedTensors tensors;
  if (kind == FileKind::PyTorchDict) {
    tensors = cleaned(readPyTorchDict(request.path));
  } else {
    const TensorFile file = readSafetensors(request.path);
    tensors = cleaned(NamedTensors(file.tensors.begin(), file.tensors.end()));
  }
  const int classes = classesOf(tensors, Network(architecture, input, architecture.classes, 0), request.path);
  Network network(architecture, input, classes, 0);
  network.load(matched(tensors, kind == FileKind::PyTorchDict, network), request.path.string());
  network.to(device);
  Model model;
  model.architecture = architecture.name;
  model.input = input;
  model.classifier = classifierOf(std::move(network), request.mean, request.scale);
  return model;
}

void requireConsent(const ImportRequest& request) {
  if (!request.allowTorchScript) {
    throw Error(ErrorKind::Usage, "a TorchScript file can run code when it is loaded", request.path.string(),
                "if you trust its origin, allow TorchScript and import it again");
  }
}

Model importModule(const ImportRequest& request, torch::Device device, const std::stop_token& stop) {
  requireConsent(request);
  probeTorchScript(request.path, request.input, request.mean, request.scale, {}, stop);
  Model model;
  model.architecture = kTorchScript;
  model.input = request.input;
  model.module = std::make_shared<const std::string>(readModuleArchive(request.path));
  model.classifier = loadTorchScript(*model.module, request.path, request.input, request.mean, request.scale, device);
  model.differentiable = model.classifier->differentiable();
  return model;
}

bool holdsModule(const std::filesystem::path& path) {
  return readSafetensorsHeader(path).tensors.contains(kModuleTensor);
}

// A module that another Whorl imported: as much a program as any, so it is tried as any.
Model importModuleFile(const ImportRequest& request, torch::Device device, const std::stop_token& stop) {
  requireConsent(request);
  const Model header = readModelHeader(request.path);
  checkInput(header.input, request.path);
  probeTorchScript(request.path, header.input, header.mean, header.scale, {}, stop);
  return readModel(request.path, device, [](const std::string&) { return true; });
}

void fillNames(Model& model, const ImportRequest& request) {
  const auto classes = static_cast<std::size_t>(model.classifier->classCount());
  const auto channels = static_cast<std::size_t>(model.input.channels);
  model.name = request.path.stem().string();
  model.mean = request.mean.empty() ? std::vector<double>(channels, 0.0) : request.mean;
  model.scale = request.scale.empty() ? std::vector<double>(channels, 1.0) : request.scale;
  model.classNames = request.classNames;
  if (model.classNames.empty()) {
    for (std::size_t i = 0; i < classes; ++i) {
      model.classNames.push_back(std::to_string(i));
    }
  }
  if (model.classNames.size() != classes) {
    throw Error(ErrorKind::Usage,
                "there are " + std::to_string(model.classNames.size()) + " class names for " + std::to_string(classes) +
                    " classes",
                request.path.string());
  }
  model.path = request.path;
  model.sha256 = sha256File(request.path);
  model.past = {{"imported_from", request.path.filename().string()}, {"imported_sha256", model.sha256}};
}

}  // namespace

Model importModel(const ImportRequest& request, torch::Device device, const std::stop_token& stop) {
  checkInput(request.input, request.path);
  const FileKind kind = kindOf(request.path);
  if (kind == FileKind::Safetensors && request.architecture.empty() && holdsModule(request.path)) {
    return importModuleFile(request, device, stop);
  }
  if (kind != FileKind::TorchScript && request.architecture.empty()) {
    throw Error(ErrorKind::Usage, "the file holds weights only, so the architecture must be named",
                request.path.string(), "list the architectures with `whorl-cli models`");
  }
  Model model =
      kind == FileKind::TorchScript ? importModule(request, device, stop) : importWeights(request, kind, device);
  fillNames(model, request);
  return model;
}

void exportPyTorch(const Model& model, const std::filesystem::path& path) {
  const Network* network = model.network();
  if (network == nullptr) {
    throwBad(path, "a TorchScript module has no weights by name to export",
             "export it as safetensors, or keep the TorchScript file");
  }
  c10::impl::GenericDict dict(c10::StringType::get(), c10::TensorType::get());
  for (const auto& [name, tensor] : inModuleOrder(*network)) {
    dict.insert(name, tensor.detach().to(torch::kCPU).contiguous());
  }
  // torch::pickle_save tags dicts with their type, which Python's torch.load(weights_only=True) refuses.
  std::string pickled;
  torch::jit::Pickler pickler([&pickled](const char* bytes, std::size_t size) { pickled.append(bytes, size); }, nullptr,
                              nullptr, nullptr, nullptr, /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(dict);
  pickler.stop();
  AtomicFile file(path);
  caffe2::serialize::PyTorchStreamWriter writer([&file](const void* bytes, std::size_t size) {
    file.write(bytes, size);
    return size;
  });
  writer.writeRecord("data.pkl", pickled.data(), pickled.size());
  std::size_t index = 0;
  for (const Tensor& tensor : pickler.tensorData()) {
    writer.writeRecord("data/" + std::to_string(index++), tensor.data_ptr(), tensor.nbytes());
  }
  writer.writeEndOfFile();
  file.commit();
}

}  // namespace whorl
