// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/settings.h"

#include <algorithm>
#include <cstddef>

#include "core/base/error.h"

namespace whorl {

Parameters parseSettings(const std::string& owner, const std::vector<ParameterSpec>& specs, const std::string& text) {
  Parameters given;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string setting = text.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = setting.find('=');
    const std::string parameter = setting.substr(0, equals);
    const auto declared =
        std::find_if(specs.begin(), specs.end(), [&](const ParameterSpec& each) { return each.name == parameter; });
    if (equals == std::string::npos || declared == specs.end()) {
      throw Error(ErrorKind::Usage, "\"" + setting + "\" is no value of " + owner, owner + ":" + text,
                  "as in jpeg:quality=10");
    }
    given.set(parameter, parseParameter(owner, *declared, setting.substr(equals + 1)));
  }
  return given;
}

}  // namespace whorl
