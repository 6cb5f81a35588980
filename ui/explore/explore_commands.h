// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

namespace whorl::ui {

class CommandRegistry;
class ExplorePage;
class StepStack;

/// Registers what can be done on the Explore page. The page may be made later: `page` brings it to the front and
/// returns it.
void registerExploreCommands(CommandRegistry* commands, StepStack* stack, std::function<ExplorePage*()> page);

}  // namespace whorl::ui
