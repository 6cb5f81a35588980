// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/device.h"

#include <sys/resource.h>

#include <QtTest>

#include <functional>
#include <new>
#include <stdexcept>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

using namespace whorl;

namespace {

Error translated(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    try {
      rethrowTorchError(std::current_exception(), "training, epoch 2");
    } catch (const Error& error) {
      return error;
    }
  }
  return Error(ErrorKind::Internal, "nothing was thrown");
}

}  // namespace

class DeviceTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void theCpuIsAlwaysThere() {
    QVERIFY(parseDevice("cpu").is_cpu());
    QVERIFY(parseDevice("auto").is_cuda() == cudaAvailable());
    QVERIFY(QString::fromStdString(describeDevice(parseDevice("cpu"))).startsWith("cpu ("));
    synchronise(parseDevice("cpu"));
  }

  void otherTextsAreAUsageError_data() {
    QTest::addColumn<QString>("text");
    for (const char* text :
         {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:999999999999", "CPU", "cpu:0", "c"}) {
      QTest::addRow("'%s'", text) << QString(text);
    }
  }
  void otherTextsAreAUsageError() {
    QFETCH(QString, text);
    try {
      parseDevice(text.toStdString());
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
    }
  }

  void cudaIsNeverReplacedByTheCpu() {
    if (cudaAvailable()) QSKIP("this machine has a CUDA device");
    for (const char* text : {"cuda", "cuda:0", "cuda:3"}) {
      try {
        parseDevice(text);
        QFAIL("accepted");
      } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Failed);
        QVERIFY(!error.hint().empty());
      }
    }
  }

  void theDeviceThatIsThereWorks() {
    if (!cudaAvailable()) QSKIP("no CUDA device");
    const c10::Device device = parseDevice("cuda");
    const at::Tensor sum = at::ones({1000}, at::TensorOptions().device(device)).sum();
    synchronise(device);
    QCOMPARE(sum.item<float>(), 1000.f);
    QVERIFY(freeMemory(device) > 0);
    QVERIFY(QString::fromStdString(describeDevice(device)).contains("GiB"));
    QVERIFY_EXCEPTION_THROWN(parseDevice("cuda:100"), Error);
  }

  void freeMemoryIsPlausible() {
    const std::int64_t free = freeMemory(parseDevice("cpu"));
    QVERIFY(free > (1 << 20) && free < (std::int64_t{1} << 50));
  }

  void threadsAreSetPerThread() {
    setIntraOpThreads(1);
    QCOMPARE(at::get_num_threads(), 1);
    QCOMPARE(describeDevice(parseDevice("cpu")), std::string("cpu (1 thread)"));
    setIntraOpThreads(0);
    QCOMPARE(at::get_num_threads(), 1);
    QVERIFY(hardwareThreads() >= 1);
  }

  // The purpose of tuneAllocator(): what was freed is used again without a page fault, on workers too.
  void largeBlocksAreReused_data() {
    QTest::addColumn<bool>("worker");
    QTest::newRow("main thread") << false;
    QTest::newRow("worker") << true;
  }
  void largeBlocksAreReused() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    QSKIP("sanitizers bring their own allocator");
#endif
    QFETCH(bool, worker);
    tuneAllocator();
    long faults = 0;
    const auto work = [&faults] {
      constexpr std::int64_t kFloats = 18 << 20;  // 72 MiB: 18,432 pages
      const auto use = [] { return at::ones({kFloats}).select(0, 5).item<float>(); };
      // glibc before 2.38 can't reuse an aligned block until each thread's cache of small pieces is full (7 of a size).
      for (int i = 0; i < 20; ++i) use();
      rusage before{};
      rusage after{};
      getrusage(RUSAGE_SELF, &before);
      for (int i = 0; i < 4; ++i) use();
      getrusage(RUSAGE_SELF, &after);
      faults = after.ru_minflt - before.ru_minflt;
    };
    if (worker) {
      std::thread(work).join();
    } else {
      work();
    }
    QVERIFY2(faults < 2000, qPrintable(QString::number(faults)));
  }

  void torchErrorsAreOneLine() {
    const Error error = translated([] { at::zeros({2, 3}).matmul(at::zeros({2, 3})); });
    QCOMPARE(error.kind(), ErrorKind::Internal);
    QCOMPARE(error.where(), std::string("training, epoch 2"));
    QVERIFY(error.message().find("shapes cannot be multiplied") != std::string::npos);
    QVERIFY(error.message().find('\n') == std::string::npos);
    QVERIFY(std::string(error.what()).find("frame #") == std::string::npos);
  }

  void runningOutOfMemoryIsSaidSo() {
    QCOMPARE(translated([] { at::empty({std::int64_t{1} << 50}); }).kind(), ErrorKind::OutOfMemory);
    QCOMPARE(translated([] { throw std::bad_alloc(); }).kind(), ErrorKind::OutOfMemory);
    QCOMPARE(translated([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried …"); }).kind(),
             ErrorKind::OutOfMemory);
  }

  void otherExceptions() {
    const Error own = translated([] { throw Error(ErrorKind::Cancelled, "stopped", "here", "hint"); });
    QCOMPARE(own.kind(), ErrorKind::Cancelled);
    QCOMPARE(own.where(), std::string("here"));
    QCOMPARE(translated([] { throw std::runtime_error("first\nsecond"); }).message(), std::string("first"));
    QCOMPARE(translated([] { throw 3; }).kind(), ErrorKind::Internal);
  }
};

QTEST_APPLESS_MAIN(DeviceTest)
#include "device_test.moc"
