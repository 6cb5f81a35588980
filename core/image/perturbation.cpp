// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/image/convert.h"
#include "core/image/perturbations/families.h"

namespace whorl {

namespace {

constexpr double kPublishedSide = 32;  // px: the images that the published constants are for

/// Levels are computed for the image at hand, and may be beyond what the declaration allows.
ParameterValue withinRange(const ParameterSpec& spec, const ParameterValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return std::clamp(*real, spec.minimum, spec.maximum);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    return std::clamp(*whole, static_cast<std::int64_t>(spec.minimum), static_cast<std::int64_t>(spec.maximum));
  }
  return value;
}

double scaleOf(const ImageShape& shape) { return std::min(shape.height, shape.width) / kPublishedSide; }

/// On the line from one level's value to the next one's; what is no number is the next one's.
ParameterValue between(const ParameterValue& from, const ParameterValue& to, double share) {
  if (const auto* start = std::get_if<double>(&from)) return *start + share * (std::get<double>(to) - *start);
  if (const auto* start = std::get_if<std::int64_t>(&from)) {
    const auto way = static_cast<double>(std::get<std::int64_t>(to) - *start);
    return *start + static_cast<std::int64_t>(std::llround(share * way));
  }
  return to;
}

}  // namespace

std::string toText(PerturbationFamily family) {
  switch (family) {
    case PerturbationFamily::Compression:
      return "compression";
    case PerturbationFamily::Geometry:
      return "geometry";
    case PerturbationFamily::Colour:
      return "colour";
    case PerturbationFamily::Noise:
      return "noise";
    case PerturbationFamily::Blur:
      return "blur";
    case PerturbationFamily::Weather:
      return "weather";
    case PerturbationFamily::Digital:
      return "digital";
  }
  throw Error(ErrorKind::Internal, "an unknown family of perturbations");
}

Perturbation::Perturbation(PerturbationDeclaration declaration) : m_declaration(std::move(declaration)) {
  if (!hasSeverity()) return;
  auto& parameters = m_declaration.spec.parameters;
  parameters.insert(parameters.begin(),
                    ParameterSpec::integer("severity", 0, 0, kSeverities, "",
                                           "1 to 5: a level of strength, whose values take the place of those below; "
                                           "0: those below"));
}

Parameters Perturbation::replaced(const Parameters& parameters, const Parameters& level) const {
  Parameters used = parameters;
  used.set("severity", std::int64_t{0});
  for (const ParameterSpec& each : spec().parameters) {
    if (level.has(each.name)) used.set(each.name, withinRange(each, level.values().at(each.name)));
  }
  return used;
}

Parameters Perturbation::effective(const Parameters& parameters, const ImageShape& shape) const {
  if (!hasSeverity() || parameters.integer("severity") == 0) return parameters;
  return replaced(parameters, m_declaration.level(static_cast<int>(parameters.integer("severity")), scaleOf(shape)));
}

Parameters Perturbation::atStrength(double strength, const Parameters& parameters, const ImageShape& shape) const {
  if (!hasSeverity()) return parameters;
  const double clamped = std::clamp<double>(strength, 0, kSeverities);
  const int upper = std::max(1, static_cast<int>(std::ceil(clamped)));
  const Parameters weaker = m_declaration.level(upper - 1, scaleOf(shape));
  Parameters level = m_declaration.level(upper, scaleOf(shape));
  for (const auto& [name, value] : weaker.values()) {
    level.set(name, between(value, level.values().at(name), clamped - (upper - 1)));
  }
  return replaced(parameters, level);
}

Image Perturbation::apply(const Image& image, const Parameters& parameters, std::uint64_t seed) const {
  checkImage(image);
  const std::string& name = spec().name;
  Random random(mixSeed(seed, name));
  Image result = withOpenCv(ErrorKind::Failed, name,
                            [&] { return m_declaration.change(image, effective(parameters, image.shape), random); });
  if (result.shape != image.shape) {
    throw Error(ErrorKind::Internal, toText(image.shape) + " became " + toText(result.shape), name);
  }
  for (float& value : result.pixels) value = std::clamp(value, 0.0f, 1.0f);
  return result;
}

const std::vector<const Perturbation*>& perturbations() {
  static const std::vector<const Perturbation*> table = [] {
    std::vector<const Perturbation*> all;
    for (const auto& family :
         {compressionPerturbations(), geometryPerturbations(), colourPerturbations(), noisePerturbations(),
          blurPerturbations(), weatherPerturbations(), digitalPerturbations()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    return all;
  }();
  return table;
}

const Perturbation& findPerturbation(const std::string& name) {
  std::string known;
  for (const Perturbation* perturbation : perturbations()) {
    if (perturbation->spec().name == name) return *perturbation;
    known += (known.empty() ? "" : ", ") + perturbation->spec().name;
  }
  throw Error(ErrorKind::Usage, "there is no perturbation \"" + name + "\"", {}, "known are " + known);
}

}  // namespace whorl
