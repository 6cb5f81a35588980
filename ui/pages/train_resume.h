// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QString>

#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

// What was asked for lies beside the checkpoint of a run (CHECKPOINT.json) for as long as the run is under way or was
// broken off, so that after a cancel, a crash or a power cut the same run can be continued. These read and write files:
// for workers, not for the GUI thread.

/// A run that was broken off and left a checkpoint.
struct BrokenOffRun {
  TrainRequest request;  ///< with `resume` set
  QString title;         ///< name for people
  QDateTime when;        ///< of the checkpoint
};

/// Writes atomically; makes the folder. Throws Error(Failed).
void saveTrainRequest(const TrainRequest& request);
/// Removes a checkpoint, if there is one, and what was asked for.
void removeBrokenOff(const std::string& checkpoint);
/// Runs with checkpoint in a folder, newest first. Files that can't be read are passed over.
std::vector<BrokenOffRun> brokenOffRuns(const std::string& folder);

/// FOLDER/checkpoints/NAME-TIME.checkpoint, with a name fit for a file.
std::string newCheckpointPath(const std::string& userFolder, const QString& name, const QDateTime& now);

}  // namespace whorl::ui
