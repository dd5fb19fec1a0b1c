#include "app/gateway/access/access_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace switchgear::gateway {

namespace {

[[nodiscard]] iovec piece(std::string_view bytes) noexcept {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] bool wait_for_room(int descriptor) noexcept {
  pollfd one{descriptor, POLLOUT, 0};
  return ::poll(&one, 1, 1000) > 0;
}

/// The bytes of whole lines among the first `size`.
[[nodiscard]] std::size_t whole_lines(const std::array<std::string_view, 2>& lines,
                                      std::size_t size) noexcept {
  if (size > lines[0].size()) {
    const std::size_t end = lines[1].substr(0, size - lines[0].size()).rfind('\n');
    if (end != std::string_view::npos) return lines[0].size() + end + 1;
  }
  const std::size_t end = lines[0].substr(0, size).rfind('\n');
  return end == std::string_view::npos ? 0 : end + 1;
}

}  // namespace

AccessFile::AccessFile(std::string path) : path_(std::move(path)), descriptor_(open()) {
  if (descriptor_ < 0)
    throw std::system_error{-descriptor_, std::generic_category(), "cannot open " + path_ + " for appending"};
}

AccessFile::~AccessFile() { ::close(descriptor_); }

int AccessFile::open() const noexcept {
  if (path_ == "-") {
    const int copy = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
  }
  // Without O_NONBLOCK, a pipe would be waited for until somebody reads it.
  const int opened = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                            S_IRUSR | S_IWUSR | S_IRGRP);
  if (opened < 0) return -errno;
  ::fcntl(opened, F_SETFL, O_APPEND);
  return opened;
}

int AccessFile::reopen() noexcept {
  if (path_ == "-") return 0;
  const int opened = open();
  if (opened < 0) return -opened;
  ::close(std::exchange(descriptor_, opened));
  in_line_ = false;
  return 0;
}

AccessFile::Written AccessFile::write(std::array<std::string_view, 2> lines) noexcept {
  constexpr char line_feed = '\n';
  std::size_t done = 0;  // of `lines`
  const std::size_t all = lines[0].size() + lines[1].size();
  while (done < all) {
    const std::size_t in_first = done < lines[0].size() ? done : lines[0].size();
    const std::array<iovec, 3> pieces{piece({&line_feed, in_line_ ? std::size_t{1} : std::size_t{0}}),
                                      piece(lines[0].substr(in_first)),
                                      piece(lines[1].substr(done - in_first))};
    const ssize_t got = ::writev(descriptor_, pieces.data(), static_cast<int>(pieces.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN && wait_for_room(descriptor_))
      continue;  // standard output may be like that
    if (got <= 0) {
      const int error = got < 0 ? errno : ENOSPC;
      const std::size_t whole = whole_lines(lines, done);
      if (whole < done) in_line_ = !cut(done - whole);
      return {whole, error};
    }
    auto taken = static_cast<std::size_t>(got);
    if (std::exchange(in_line_, false)) --taken;
    done += taken;
  }
  return {all, 0};
}

bool AccessFile::cut(std::size_t size) noexcept {
  struct stat file {};
  const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);  // behind what this descriptor wrote last
  if (::fstat(descriptor_, &file) != 0 || !S_ISREG(file.st_mode) || end != file.st_size) return false;
  return ::ftruncate(descriptor_, end - static_cast<off_t>(size)) == 0;
}

}  // namespace switchgear::gateway
