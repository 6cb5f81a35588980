// SPDX-License-Identifier: GPL-3.0-or-later
// The attacks that the Theory page draws over both planes.
#include "ui/pages/theory_page.h"
#include "ui/session/engine_session.h"
#include "ui/theory/plane_view.h"
#include "ui/theory/theory_form.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

void TheoryPage::attack() {
  if (!m_result || !m_start) return;
  const StepRequest step = m_form->attack();
  m_problem->setText({});
  for (const bool with : {false, true}) {
    TheoryAttackRequest request;
    request.network = m_result->side(with).network;
    request.fingerprints = m_result->fingerprintsOf(with);
    request.attack = step.operation;
    request.parameters = step.parameters;
    request.threshold = m_threshold;
    request.start = *m_start;
    request.seed = m_form->request().seed;
    m_attacks[with ? 1 : 0].ask(
        [this, with, request](std::uint64_t number) { return startAttack(with, request, number); }, m_session->ready());
  }
}

std::shared_ptr<Job> TheoryPage::startAttack(bool with, const TheoryAttackRequest& request, std::uint64_t number) {
  NewestRequest& attacks = m_attacks[with ? 1 : 0];
  return m_session->run(
      this, Lane::Interactive, tr("Attack in the plane"),
      [request](Engine& engine, const JobContext& context) { return engine.theoryAttack(request, context); },
      [this, with, number, &attacks](const PlanarTrajectory& path) {
        attacks.ended();
        if (attacks.isNewest(number)) view(with)->setPath(path);
      },
      [this, with, number, &attacks](const Error& error) {
        attacks.ended();
        if (!attacks.isNewest(number)) return;
        view(with)->setPath({});
        if (with) m_problem->setText(errorText(error));
      });
}

}  // namespace whorl::ui
