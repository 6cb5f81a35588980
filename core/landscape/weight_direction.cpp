// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weight_direction.h"

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr int kMostOthers = 100;

ParameterSpec dimensionsParameter() {
  return ParameterSpec::integer("dimensions", 2, 1, 2, "", "1 for a line, 2 for a plane");
}

MadeWeightPlane randomPlane(const WeightSource& source, const Parameters& parameters, const JobContext&) {
  return {WeightPlane::around(*source.network, static_cast<int>(parameters.integer("dimensions")), source.seed), {}};
}

MadeWeightPlane line(const WeightSource& source, const Parameters&, const JobContext&) {
  return {WeightPlane::between(*source.network, source.others[0]), {}};
}

MadeWeightPlane bend(const WeightSource& source, const Parameters& parameters, const JobContext& context) {
  const Network& to = source.others[0];
  if (source.others.size() > 1) return {WeightPlane::bend(*source.network, source.others[1], to), {}};
  BendTraining training = source.training;
  training.steps = parameters.integer("steps");
  training.batchSize = parameters.integer("batch_size");
  training.learningRate = parameters.real("learning_rate");
  training.seed = source.seed;
  const TrainedBend trained = trainBend(*source.network, to, training, context);
  return {WeightPlane::bend(*source.network, trained.control, to), trained};
}

MadeWeightPlane trajectory(const WeightSource& source, const Parameters& parameters, const JobContext&) {
  return {WeightPlane::along(source.others, *source.network, static_cast<int>(parameters.integer("dimensions"))), {}};
}

}  // namespace

const std::vector<WeightDirectionEntry>& weightDirections() {
  static const std::vector<WeightDirectionEntry> entries = {
      {{"random",
        "Random directions",
        "Around the network, every filter scaled to the norm of the network's own",
        "Li et al. 2018, section 4",
        {dimensionsParameter()}},
       0,
       0,
       1,
       false,
       randomPlane},
      {{"line",
        "Line to another network",
        "From the network (at -1) straight to another one (at 1)",
        "Goodfellow et al. 2015",
        {}},
       1,
       1,
       1,
       true,
       line},
      {{"bend",
        "Bend to another network",
        "A quadratic Bezier curve from the network (at -1) to another one (at 1), by way of a third one or of one that "
        "is trained for a low loss along the curve",
        "Garipov et al. 2018",
        {ParameterSpec::integer("steps", 200, 1, 100'000, "", "Of training the control point"),
         ParameterSpec::integer("batch_size", 128, 2, 65'536, "", "Training images a step"),
         ParameterSpec::real("learning_rate", 0.005, 1e-6, 1, "", "Adam's, while the control point is trained")}},
       1,
       2,
       1,
       true,
       bend},
      {{"trajectory",
        "Training's path",
        "Principal components of a training's networks around its last one",
        "Li et al. 2018, section 7",
        {dimensionsParameter()}},
       0,  // who asks may know where its training kept them
       kMostOthers,
       1.2,
       true,
       trajectory}};
  return entries;
}

const WeightDirectionEntry& findWeightDirection(const std::string& name) {
  std::string known;
  for (const WeightDirectionEntry& entry : weightDirections()) {
    if (entry.spec.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.spec.name;
  }
  throw Error(ErrorKind::Usage, "there is no direction \"" + name + "\" among networks", "directions",
              "one of " + known);
}

MadeWeightPlane makeWeightPlane(const std::string& name, const Parameters& parameters, const WeightSource& source,
                                const JobContext& context) {
  const WeightDirectionEntry& entry = findWeightDirection(name);
  const Parameters resolved = resolve(name, entry.spec.parameters, parameters);
  const auto others = static_cast<int>(source.others.size());
  if (others < entry.leastOthers || others > entry.mostOthers) {
    const std::string wanted = entry.leastOthers == entry.mostOthers
                                   ? std::to_string(entry.leastOthers)
                                   : std::to_string(entry.leastOthers) + " to " + std::to_string(entry.mostOthers);
    throw Error(ErrorKind::Usage, std::to_string(others) + " other models are named", name,
                "it takes " + wanted + " beside the model");
  }
  return entry.make(source, resolved, context);
}

}  // namespace whorl
