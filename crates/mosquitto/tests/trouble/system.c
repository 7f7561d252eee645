/* Preloaded into a broker: its clock runs ahead by the seconds in the file "offset" of the folder MQWARD_TEST_SYSTEM, and
   there is no room for files whose path contains what is in the file "full" there. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static size_t setting(const char *name, char *text, size_t size)
{
    const char *folder = getenv("MQWARD_TEST_SYSTEM");
    char path[4096];
    ssize_t length;
    int fd;

    text[0] = 0;
    if (!folder || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 0;
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    length = read(fd, text, size - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    return strlen(text);
}

static time_t offset(void)
{
    char text[32];

    return setting("offset", text, sizeof text) ? (time_t)strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);

    if (result == 0 && id == CLOCK_REALTIME)
        now->tv_sec += offset();
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

static int full(int fd)
{
    char text[256], link[64], path[4096];
    ssize_t length;

    if (!setting("full", text, sizeof text))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, text) != NULL;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    if (full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    if (full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}
