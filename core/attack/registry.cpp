// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/attack.h"
#include "core/attack/bim.h"
#include "core/attack/fgsm.h"
#include "core/attack/pgd.h"
#include "core/base/error.h"

namespace whorl {

const std::vector<std::pair<std::string, Parameters>>& Attack::presets() const {
  static const std::vector<std::pair<std::string, Parameters>> none;
  return none;
}

const std::vector<const Attack*>& attacks() {
  static const Fgsm fgsm;
  static const Bim bim;
  static const Pgd pgd;
  static const std::vector<const Attack*> table = {&fgsm, &bim, &pgd};
  return table;
}

const Attack& findAttack(const std::string& name) {
  std::string known;
  for (const Attack* attack : attacks()) {
    if (attack->spec().name == name) return *attack;
    known += (known.empty() ? "" : ", ") + attack->spec().name;
  }
  throw Error(ErrorKind::Usage, "there is no attack \"" + name + "\"", "attack", "known: " + known);
}

}  // namespace whorl
