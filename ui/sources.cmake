# SPDX-License-Identifier: GPL-3.0-or-later
# One line a file, by folder.
set(WHORL_UI_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/jobs/format.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jobs/job_row.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jobs/jobs_dock.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jobs/jobs_model.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jobs/rate_meter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plots/curve_plot.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plots/curve_plot_actions.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plots/curve_series.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plots/plot_colours.cpp
  ${CMAKE_CURRENT_LIST_DIR}/session/engine_session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/widgets/number_box.cpp
  ${CMAKE_CURRENT_LIST_DIR}/widgets/parameter_form.cpp
)
set(WHORL_UI_RESOURCES)
