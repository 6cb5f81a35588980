// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/download.h"

#include "core/base/error.h"

namespace whorl {

void download(const DownloadRequest& request, const JobContext&) {
  throw Error(ErrorKind::Failed, "downloads are not built yet", request.target.string());
}

}  // namespace whorl
