// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/base/random.h"
#include "core/image/image.h"

namespace whorl {

/// What perturbations have in common: how lists group them.
enum class PerturbationFamily { Compression, Geometry, Colour, Noise, Blur, Weather, Digital };

/// "compression", "geometry", …
std::string toText(PerturbationFamily family);

/// What a perturbation declares.
struct PerturbationDeclaration {
  PerturbationFamily family = PerturbationFamily::Digital;
  OperationSpec spec;  ///< without `severity`, which comes by itself where there is a `level`
  /// Works on any size and on 1 or 3 channels; returns the same shape. Values outside [0,1] are clipped afterwards.
  /// `parameters` are resolved. All randomness comes from `random`.
  Image (*change)(const Image& image, const Parameters& parameters, Random& random) = nullptr;
  /// What parameters a severity of 1 to 5 stands for on images whose smaller side is `scale` times 32 pixels, and at 0
  /// those under which next to nothing happens; null for none. Parameters that it doesn't name keep their values;
  /// values beyond their range are brought into it.
  Parameters (*level)(int severity, double scale) = nullptr;
};

/// A natural perturbation: something that happens to images by itself. Immutable; any thread.
class Perturbation {
 public:
  static constexpr int kSeverities = 5;

  explicit Perturbation(PerturbationDeclaration declaration);

  const OperationSpec& spec() const { return m_declaration.spec; }
  PerturbationFamily family() const { return m_declaration.family; }
  bool hasSeverity() const { return m_declaration.level != nullptr; }

  /// The parameters that are really used: where `severity` isn't 0, those that it stands for on images of that shape,
  /// and `severity` 0. `parameters` are resolved.
  Parameters effective(const Parameters& parameters, const ImageShape& shape) const;

  /// `parameters` with those of a strength from 0 (next to nothing happens) to 5 on images of that shape: severities,
  /// with straight lines between them. Where there are none, `parameters` as they are.
  Parameters atStrength(double strength, const Parameters& parameters, const ImageShape& shape) const;

  /// Works on any size and on 1 or 3 channels; returns the same shape, pixels in [0,1]. `parameters` are resolved; the
  /// same seed gives the same pixels. Error(Usage) for what an image of that size can't bear.
  Image apply(const Image& image, const Parameters& parameters, std::uint64_t seed) const;

 private:
  /// `parameters` with the level's values in their place.
  Parameters replaced(const Parameters& parameters, const Parameters& level) const;

  PerturbationDeclaration m_declaration;
};

/// The table: all natural perturbations, in the order in which they are shown, family by family.
const std::vector<const Perturbation*>& perturbations();
/// Error(Usage) that lists the known names.
const Perturbation& findPerturbation(const std::string& name);

}  // namespace whorl
