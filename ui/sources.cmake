# SPDX-License-Identifier: GPL-3.0-or-later
# One line a file, by folder.
set(WHORL_UI_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/session/engine_session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/widgets/number_box.cpp
  ${CMAKE_CURRENT_LIST_DIR}/widgets/parameter_form.cpp
)
set(WHORL_UI_RESOURCES)
