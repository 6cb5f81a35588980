// SPDX-License-Identifier: GPL-3.0-or-later
// Image files: what a model says of them, and perturbed copies. And model files: import and export.
#include <algorithm>
#include <filesystem>

#include "core/base/atomic_file.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/image_metrics.h"
#include "core/service/impl/inference.h"
#include "core/service/stopwatch.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#include "core/image/perturbation.h"
#endif

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPredictBatch = 64;
constexpr std::size_t kExportLimit = std::size_t{8} << 30;

/// A network in a model file; a module in one is a program, and is imported as any other.
bool isOwnNetwork(const fs::path& path) {
  try {
    return readModelHeader(path).architecture != kTorchScript;
  } catch (const Error&) {
    return false;  // importModel says what it is, or what is wrong
  }
}

}  // namespace

#ifdef WHORL_MINIMAL

PredictResult EngineImpl::predict(const PredictRequest&, const JobContext&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no image files", "predict", "use the full build");
}

std::string EngineImpl::perturb(const PerturbRequest&, const JobContext&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no image files", "perturb", "use the full build");
}

std::vector<ParameterSpec> EngineImpl::robustnessParameters() const { return {}; }

CorruptionResult EngineImpl::corruptions(const CorruptionRequest&, const JobContext&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no perturbations", "perturb", "use the full build");
}

RobustnessResult EngineImpl::robustness(const RobustnessRequest&, const JobContext&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no perturbations", "perturb", "use the full build");
}

#else

PredictResult EngineImpl::predict(const PredictRequest& request, const JobContext& context) {
  return translated("predict", [&] {
    const Stopwatch watch;
    if (request.files.empty()) throw Error(ErrorKind::Usage, "no image was given", "predict");
    const auto device = parseDevice(request.device);
    const auto model = m_models.load(request.model, device.str());
    const FitMode fit = request.fit == InputFit::Fit    ? FitMode::Fit
                        : request.fit == InputFit::Crop ? FitMode::Crop
                                                        : FitMode::Stretch;
    const auto total = static_cast<std::int64_t>(request.files.size());
    const std::int64_t batch = fittingBatch(*model, std::min(kPredictBatch, total), copiesOf(*model), false);
    const int threadCount = threadsFor(0);
    const ThreadScope threads(threadCount);

    PredictResult result;
    auto document = documentHead("predict", 0, device.str(), threadCount, batch, "float32");
    document["images"] = nlohmann::json::array();
    for (std::int64_t first = 0; first < total; first += batch) {
      context.step();
      const std::int64_t count = std::min(batch, total - first);
      std::vector<torch::Tensor> inputs;
      for (std::int64_t i = 0; i < count; ++i) {
        context.throwIfStopped();
        inputs.push_back(toTensor(fitImage(whorl::readImage(request.files[first + i]).image, model->input, fit)));
      }
      const auto judgement = whorl::judge(*model, torch::cat(inputs).to(device, model->classifier->dtype()));
      for (std::int64_t i = 0; i < count; ++i) {
        ImageVerdict image;
        image.file = request.files[first + i];
        image.verdict = verdictAt(*model, judgement, i);
        image.className = model->classNames.at(image.verdict.predicted);
        document["images"].push_back(verdictDocument(image.verdict, model->classNames));
        document["images"].back()["file"] = image.file;
        result.images.push_back(std::move(image));
      }
      context.report({first + count, total, "predicting", {}});
    }
    document["model"] = model->path.string();
    document["model_sha256"] = model->sha256;
    document["classes"] = model->classNames;
    document["seconds"] = watch.seconds();
    document["images_per_second"] = numberOrNull(static_cast<double>(total) / watch.seconds());
    result.json = jsonText(document);
    return result;
  });
}

std::string EngineImpl::perturb(const PerturbRequest& request, const JobContext& context) {
  return translated("perturb", [&] {
    const Stopwatch watch;
    const Perturbation& perturbation = findPerturbation(request.perturbation);
    const Parameters parameters = resolve(request.perturbation, perturbation.spec().parameters, request.parameters);
    if (request.output.empty()) throw Error(ErrorKind::Usage, "no output file was given", "perturb");
    const LoadedImage loaded = whorl::readImage(request.input);
    context.step();
    const Image perturbed = perturbation.apply(loaded.image, parameters, request.seed);
    context.step();
    whorl::writeImage(perturbed, request.output);
    const ImageNorms norms = imageNorms(loaded.image, perturbed);
    auto document = documentHead("perturb", request.seed, "cpu", 1, 1, "float32");
    document["perturbation"] = request.perturbation;
    document["parameters"] = toJson(perturbation.effective(parameters, loaded.image.shape));
    document["severity"] = perturbation.hasSeverity() ? nlohmann::json(parameters.integer("severity")) : nullptr;
    document["input"] = request.input;
    document["output"] = request.output;
    document["shape"] = shapeDocument(loaded.image.shape);
    document["norms"] = {{"l0", norms.l0},     {"l1", norms.l1},     {"l2", norms.l2},
                         {"linf", norms.linf}, {"ssim", norms.ssim}, {"psnr", numberOrNull(norms.psnr)}};
    document["seconds"] = watch.seconds();
    return jsonText(document);
  });
}

#endif

ModelInfo EngineImpl::importModel(const ImportModelRequest& request, const JobContext& context) {
  return translated("import", [&] {
    context.throwIfStopped();
    ImportRequest import;
    import.path = request.path;
    import.architecture = request.architecture;
    import.input = request.input;
    import.mean = request.mean;
    import.scale = request.scale;
    import.classNames = request.classNames;
    import.allowTorchScript = request.allowTorchScript;
    // A model of Whorl's own knows all of that by itself, and keeps its fingerprints and its past.
    const bool own = request.architecture.empty() && isOwnNetwork(request.path);
    const Model model =
        own ? readModel(request.path, torch::kCPU) : whorl::importModel(import, torch::kCPU, context.stopToken());
    context.throwIfStopped();
    const fs::path output =
        request.output.empty() ? m_models.freshPath(fs::path(request.path).stem().string()) : fs::path(request.output);
    const std::string sha256 = writeModel(model, output);
    if (model.module) m_models.trust(sha256, output.filename().string());
    return m_models.info(fs::absolute(output).string());
  });
}

void EngineImpl::exportModel(const std::string& id, const std::string& format, const std::string& path) {
  translated("export", [&] {
    if (format == "pytorch") {
      const Model header = readModelHeader(m_models.resolve(id));
      // A module has no weights by name: refused without running it.
      exportPyTorch(header.architecture == kTorchScript ? header : *m_models.load(id, "cpu"), path);
    } else if (format == "safetensors") {
      const fs::path source = m_models.resolve(id);
      readModelHeader(source);  // a broken file isn't passed on
      AtomicFile copy(path);
      copy.write(readFile(source, kExportLimit));
      copy.commit();
    } else {
      throw Error(ErrorKind::Usage, "there is no export format \"" + format + "\"", "format",
                  "one of safetensors, pytorch");
    }
  });
}

}  // namespace whorl
