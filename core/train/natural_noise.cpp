// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/natural_noise.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/perturbation.h"

namespace whorl {
namespace {

/// A number that an image draws between two.
struct Range {
  std::string name;
  ParameterType type = ParameterType::Real;
  double low = 0;
  double high = 0;
};

/// One of the perturbations that images draw from.
struct Family {
  const Perturbation* perturbation = nullptr;  ///< null: Gaussian noise
  Parameters fixed;                            ///< resolved
  std::vector<Range> ranges;
  std::int64_t severity = 0;  ///< the largest that is drawn; 0: none

  Parameters drawn(Random& random) const {
    Parameters values = fixed;
    if (severity > 0) {
      values.set("severity", static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(severity))));
    }
    for (const Range& range : ranges) {
      if (range.type == ParameterType::Integer) {
        const auto count = static_cast<std::uint64_t>(range.high - range.low) + 1;
        values.set(range.name, static_cast<std::int64_t>(range.low) + static_cast<std::int64_t>(random.below(count)));
      } else {
        values.set(range.name, random.uniform(range.low, range.high));
      }
    }
    return values;
  }
};

/// "quality=10:90" taken apart.
struct Setting {
  std::string name;
  std::string low;
  std::string high;  ///< "" for a single value
};

std::vector<Setting> settingsOf(const std::string& text) {
  std::vector<Setting> settings;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    part.erase(std::remove(part.begin(), part.end(), ' '), part.end());
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size()) {
      throw Error(ErrorKind::Usage, "\"" + part + "\" is no NAME=VALUE or NAME=LOW:HIGH", "noise_parameters");
    }
    const std::string value = part.substr(equals + 1);
    const std::size_t colon = value.find(':');
    settings.push_back({part.substr(0, equals), value.substr(0, colon),
                        colon == std::string::npos ? std::string() : value.substr(colon + 1)});
  }
  return settings;
}

double number(const ParameterValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

Family familyOf(const std::string& name, std::int64_t severity, const std::vector<Setting>& settings,
                std::set<std::string>& used) {
  Family family;
  if (name == "gaussian") return family;
  family.perturbation = &findPerturbation(name);
  const OperationSpec& spec = family.perturbation->spec();
  Parameters given;
  for (const Setting& setting : settings) {
    const auto declared = std::find_if(spec.parameters.begin(), spec.parameters.end(),
                                       [&](const ParameterSpec& each) { return each.name == setting.name; });
    if (declared == spec.parameters.end()) continue;
    used.insert(setting.name);
    const ParameterValue low = parseParameter(name, *declared, setting.low);
    given.set(setting.name, low);
    if (setting.high.empty()) continue;
    if (declared->type != ParameterType::Integer && declared->type != ParameterType::Real) {
      throw Error(ErrorKind::Usage, "\"" + setting.name + "\" of " + name + " has no ranges", "noise_parameters",
                  "give one value");
    }
    const Range range{setting.name, declared->type, number(low), number(parseParameter(name, *declared, setting.high))};
    if (range.low > range.high) {
      throw Error(ErrorKind::Usage, "the range of \"" + setting.name + "\" ends before it begins", "noise_parameters");
    }
    family.ranges.push_back(range);
  }
  // What is said by hand stands; a severity would take its place.
  if (given.values().empty() && family.perturbation->hasSeverity()) family.severity = severity;
  family.fixed = resolve(name, spec.parameters, given);
  return family;
}

class PerturbationNoise : public NaturalNoise {
 public:
  explicit PerturbationNoise(const Request& request) : m_sigma(request.sigma) {
    const std::vector<Setting> settings = settingsOf(request.parameters);
    std::set<std::string> used;
    for (const std::string& name : request.names) {
      m_families.push_back(familyOf(name, request.severity, settings, used));
    }
    for (const Setting& setting : settings) {
      if (used.contains(setting.name)) continue;
      throw Error(ErrorKind::Usage, "none of the perturbations has a parameter \"" + setting.name + "\"",
                  "noise_parameters");
    }
  }

  torch::Tensor apply(const torch::Tensor& images, std::uint64_t seed) const override {
    constexpr std::int64_t kGrain = 4;  // images: some 100 µs
    const ImageShape shape{static_cast<int>(images.size(1)), static_cast<int>(images.size(2)),
                           static_cast<int>(images.size(3))};
    torch::Tensor copies = at::empty_like(images);
    const auto* source = images.const_data_ptr<float>();
    auto* target = copies.mutable_data_ptr<float>();
    at::parallel_for(0, images.size(0), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        Image image{shape, {source + i * shape.size(), source + (i + 1) * shape.size()}};
        change(image, mixSeed(seed, static_cast<std::uint64_t>(i)));
        std::copy(image.pixels.begin(), image.pixels.end(), target + i * shape.size());
      }
    });
    return copies;
  }

 private:
  void change(Image& image, std::uint64_t seed) const {
    Random random(seed);
    const Family& family = m_families[random.below(m_families.size())];
    if (family.perturbation) {
      image = family.perturbation->apply(image, family.drawn(random), random.next());
    } else {
      for (float& pixel : image.pixels) pixel += static_cast<float>(m_sigma * random.normal());
    }
  }

  std::vector<Family> m_families;
  double m_sigma;
};

}  // namespace

std::unique_ptr<NaturalNoise> makeNaturalNoise(const NaturalNoise::Request& request) {
  return std::make_unique<PerturbationNoise>(request);
}

}  // namespace whorl
