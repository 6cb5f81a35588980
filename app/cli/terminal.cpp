// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>

namespace whorl::cli {
namespace {

constexpr int kRedrawMilliseconds = 200;
constexpr double kSecondsBetweenLines = 10;
constexpr int kCancelledExit = 130;

sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : m_descriptor(descriptor) {
    if (descriptor < 0) throw Error(ErrorKind::Failed, "the system gives no file descriptor");
  }
  ~Descriptor() { close(m_descriptor); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return m_descriptor; }

 private:
  int m_descriptor;
};

int terminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/// stderr, shared by the bar and by lines that other threads print above it.
class Screen {
 public:
  void bar(const std::string& text) {
    const std::lock_guard lock(m_mutex);
    m_bar = text;
    std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
    std::fflush(stderr);
  }
  void line(const std::string& text) {
    const std::lock_guard lock(m_mutex);
    if (!m_bar.empty()) std::fputs("\r\x1b[K", stderr);
    std::fprintf(stderr, "%s\n%s", text.c_str(), m_bar.c_str());
    std::fflush(stderr);
  }
  void clear() {
    const std::lock_guard lock(m_mutex);
    if (!m_bar.empty()) std::fputs("\r\x1b[K", stderr);
    m_bar.clear();
    std::fflush(stderr);
  }

 private:
  std::mutex m_mutex;
  std::string m_bar;
};

Screen& screen() {
  static Screen instance;
  return instance;
}

std::string rateText(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate < 10 ? "%.2f" : rate < 100 ? "%.1f" : "%.0f", rate);
  return text;
}

/// Shows one job's progress.
class Reporter {
 public:
  Reporter(const JobDisplay& display, std::string title)
      : m_display(display), m_title(std::move(title)), m_terminal(!display.quiet && isatty(STDERR_FILENO)) {}
  ~Reporter() { screen().clear(); }

  void show(const Job& job) {
    if (m_display.quiet) return;
    const Progress progress = job.progress();
    if (m_terminal) {
      screen().bar(barText(progress, job.seconds(), m_display, terminalWidth() - 1));
    } else if (job.seconds() - m_lastLine >= kSecondsBetweenLines) {
      m_lastLine = job.seconds();
      screen().line(m_title + ": " + barText(progress, job.seconds(), m_display, 200));
    }
  }

 private:
  JobDisplay m_display;
  std::string m_title;
  bool m_terminal;
  double m_lastLine = 0;
};

}  // namespace

void holdSignals() {
  const sigset_t set = stopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of the write, with a message
}

std::string durationText(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 3.6e8)));
  char text[48];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

namespace {

/// By the rate so far.
std::optional<double> leftByRate(const Progress& progress, double seconds, double ownRate) {
  if (progress.total <= progress.done || progress.done <= 0) return std::nullopt;
  const double perUnit = ownRate > 0 ? 1 / ownRate : seconds / static_cast<double>(progress.done);
  return perUnit * static_cast<double>(progress.total - progress.done);
}

}  // namespace

std::string barText(const Progress& progress, double seconds, const JobDisplay& display, int width) {
  const std::string& unit = display.unit;
  std::string text;
  const auto done = static_cast<double>(progress.done);
  if (progress.total > 0) {
    const double share = std::clamp(done / static_cast<double>(progress.total), 0.0, 1.0);
    const int cells = 20;
    const int full = static_cast<int>(share * cells);
    text = "[" + std::string(full, '#') + std::string(cells - full, '-') + "] ";
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3.0f %%", 100 * share);
    text += percent;
  } else {
    text = std::to_string(progress.done) + " " + unit;
  }
  // The work's own rate where it reports one: it knows when its clock began.
  const auto rate = std::find_if(progress.metrics.begin(), progress.metrics.end(),
                                 [](const Metric& m) { return m.name == "images_per_second"; });
  const bool ownRate = rate != progress.metrics.end();
  if (ownRate) {
    text += "  " + rateText(rate->value) + " images/s";
  } else if (progress.done > 0 && seconds > 0) {
    text += "  " + rateText(done / seconds) + " " + unit + "/s";
  }
  const auto left = display.secondsLeft ? display.secondsLeft()
                                        : leftByRate(progress, seconds, ownRate && unit == "images" ? rate->value : 0);
  if (left) text += "  ETA " + durationText(*left);
  for (const auto& metric : progress.metrics) {
    if (metric.name == "images_per_second") continue;
    char figure[64];
    std::snprintf(figure, sizeof figure, "%.4g", metric.value);
    text += "  " + metric.name + " " + figure;
  }
  if (!progress.message.empty()) text += "  " + progress.message;
  if (std::ssize(text) > width) text.resize(static_cast<std::size_t>(std::max(width, 0)));
  return text;
}

void printAboveBar(const std::string& line) { screen().line(line); }

void runJob(Engine& engine, Lane lane, const std::string& title, std::function<void(JobContext&)> work,
            const JobDisplay& display) {
  const sigset_t set = stopSignals();
  const Descriptor signals(signalfd(-1, &set, SFD_CLOEXEC));
  const Descriptor ended(eventfd(0, EFD_CLOEXEC));
  JobObserver observer;
  observer.changed = [&ended](const Job& job) {
    if (isTerminal(job.state())) eventfd_write(ended.get(), 1);
  };
  const auto job = engine.submit(lane, title, std::move(work), observer);
  {
    Reporter reporter(display, title);
    bool stopping = false;
    while (!isTerminal(job->state())) {
      pollfd waits[] = {{signals.get(), POLLIN, 0}, {ended.get(), POLLIN, 0}};
      poll(waits, 2, kRedrawMilliseconds);
      if (waits[0].revents & POLLIN) {
        signalfd_siginfo info{};
        if (read(signals.get(), &info, sizeof info) < 0) continue;
        if (stopping) _exit(kCancelledExit);
        stopping = true;
        job->cancel();
        if (!display.quiet) printAboveBar("stopping after this step; once more ends at once");
      }
      reporter.show(*job);
    }
  }
  job->wait();
  if (job->error()) std::rethrow_exception(job->error());
  if (job->state() == JobState::Cancelled) throw Error(ErrorKind::Cancelled, "cancelled");
}

}  // namespace whorl::cli
