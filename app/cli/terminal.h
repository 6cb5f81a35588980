// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "core/service/engine.h"

namespace whorl::cli {

/// Blocks SIGINT and SIGTERM for the calling thread and all threads made after it, so that only runJob() hears them.
/// Call it before the engine is loaded.
void holdSignals();

/// What runJob() shows on stderr.
struct JobDisplay {
  bool quiet = false;
  std::string unit = "images";  ///< what Progress::done counts, for the rate
  /// Where units are of very different lengths: the time left, or none where that isn't known. Called by the thread
  /// that waits for the job; empty: it is taken from the rate.
  std::function<std::optional<double>()> secondsLeft = nullptr;
};

/// Runs `work` as a job and waits for it: a bar with rate and time to go on a terminal, a line now and then elsewhere,
/// nothing when quiet. The first SIGINT or SIGTERM cancels the job, the second ends the program with 130. Throws what
/// the work threw.
void runJob(Engine& engine, Lane lane, const std::string& title, std::function<void(JobContext&)> work,
            const JobDisplay& display);

/// Prints a line on stderr above the progress bar. Any thread.
void printAboveBar(const std::string& line);

/// "0:07", "12:34", "3:02:01"
std::string durationText(double seconds);
/// One line of a bar, at most `width` characters wide.
std::string barText(const Progress& progress, double seconds, const JobDisplay& display, int width);

}  // namespace whorl::cli
