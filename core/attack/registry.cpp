// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/attack.h"
#include "core/attack/bim.h"
#include "core/attack/cw.h"
#include "core/attack/ddn.h"
#include "core/attack/deepfool.h"
#include "core/attack/fgsm.h"
#include "core/attack/fmn.h"
#include "core/attack/jsma.h"
#include "core/attack/mifgsm.h"
#include "core/attack/pgd.h"
#include "core/attack/spsa.h"
#include "core/attack/support.h"
#include "core/base/error.h"

namespace whorl {

AttackOutcome Attack::run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                          const JobContext& context) const {
  const Parameters resolved = resolve(spec().name, spec().parameters, parameters);
  checkRequest(spec().name, classifier, request, resolved.has("targeted") && resolved.boolean("targeted"));
  if (threatModel() != ThreatModel::BlackBox) checkGradients(spec().name, classifier, request);
  const torch::NoGradGuard noGradients;
  return perform(classifier, request, resolved, context);
}

const std::vector<const Attack*>& attacks() {
  static const Fgsm fgsm;
  static const Bim bim;
  static const MomentumFgsm mifgsm;
  static const Pgd pgd;
  static const CarliniWagner cw;
  static const DeepFool deepfool;
  static const DecoupledDirectionNorm ddn;
  static const FastMinimumNorm fmn;
  static const Jsma jsma;
  static const Spsa spsa;
  static const std::vector<const Attack*> table = {&fgsm,     &bim, &mifgsm, &pgd,  &cw,
                                                   &deepfool, &ddn, &fmn,    &jsma, &spsa};
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
