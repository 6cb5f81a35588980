// SPDX-License-Identifier: GPL-3.0-or-later
// What the minimal engine has in place of libarchive, libcurl and OpenCV: it reads unpacked IDX and CIFAR files, and
// says of everything else that it can't.
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/archive.h"
#include "core/data/download.h"
#include "core/data/generated.h"
#include "core/data/readers.h"

namespace whorl {

namespace {

[[noreturn]] void notHere(const std::string& what, const std::string& where, const std::string& hint) {
  throw Error(ErrorKind::BadInput, "this minimal build can't " + what, where, hint);
}

}  // namespace

std::string readMaybeGzip(const std::filesystem::path& path, std::uint64_t limit) {
  std::string bytes = readFile(path, limit);
  if (bytes.empty()) throw Error(ErrorKind::BadInput, "the file is empty", path.string(), "get the file again");
  if (bytes.starts_with("\x1f\x8b")) notHere("unpack gzip", path.string(), "unpack it first: gunzip -k FILE");
  return bytes;
}

void visitArchive(const std::filesystem::path& path, std::uint64_t, const JobContext&,
                  const std::function<void(const std::string& name, std::string bytes)>&) {
  notHere("read archives", path.string(), "unpack it first: tar xf FILE");
}

void download(const DownloadRequest& request, const JobContext&) {
  notHere("download", request.target.string(), "copy the files here and give their folder with --data-dir");
}

Dataset generateGlyphs(std::uint64_t, const JobContext&, std::int64_t, std::int64_t) {
  notHere("draw Glyphs", "glyphs", "use mnist, fashion-mnist or cifar10");
}

Dataset generateShapes(std::uint64_t, const JobContext&, std::int64_t, std::int64_t) {
  notHere("draw Shapes", "shapes", "use mnist, fashion-mnist or cifar10");
}

Dataset readUserFolder(const std::filesystem::path& folder, const JobContext&) {
  notHere("read image files", folder.string(), "use mnist, fashion-mnist or cifar10");
}

Dataset readImageArchive(const std::filesystem::path& archiveOrFolder, const std::vector<std::string>&,
                         const ImageShape&, const JobContext&) {
  notHere("read image files", archiveOrFolder.string(), "use mnist, fashion-mnist or cifar10");
}

DataSplit readImageFolder(const std::filesystem::path& root, const std::vector<std::string>&, const ImageShape&,
                          const JobContext&) {
  notHere("read image files", root.string(), "use mnist, fashion-mnist or cifar10");
}

}  // namespace whorl
