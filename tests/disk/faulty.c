/* A disk that fails when it is told to: loaded before the C library (LD_PRELOAD), it stands between a program and its
 * system calls. Which of them fail, and for which files, stands in a page of memory shared with the test; its layout is
 * the one of tests/disk/faulty.py. Everything above (SQLite, its own VFS, our code) is the real thing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct orders {
    int32_t write_error, sync_error, read_error, open_error; /* errno to fail with; 0: none */
    int32_t sync_milliseconds;                               /* how much longer each sync takes */
    int32_t writes_failed, syncs_failed, reads_failed, opens_failed, syncs_slowed;
    int32_t programs; /* that were started with this disk */
    char prefix[1024]; /* files whose path begins so */
};

static volatile struct orders *orders;

static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTY_DISK");
    real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    int page = path == NULL ? -1 : real_open(path, O_RDWR | O_CLOEXEC);
    if (page < 0)
        return;
    void *shared = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    close(page);
    if (shared == MAP_FAILED)
        return;
    orders = shared;
    __atomic_add_fetch(&orders->programs, 1, __ATOMIC_RELAXED);
}

static int begins_with_prefix(const char *path) {
    size_t length = strlen((const char *)orders->prefix);
    return length > 0 && strncmp(path, (const char *)orders->prefix, length) == 0;
}

static int is_ours(int descriptor) {
    char link[64], path[1200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return begins_with_prefix(path);
}

static int fails(int descriptor, volatile int32_t *error, volatile int32_t *count) {
    if (*error == 0 || !is_ours(descriptor))
        return 0;
    errno = *error;
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    return 1;
}

#define REAL(type, name, ...)                                    \
    static type (*real)(__VA_ARGS__);                            \
    if (real == NULL)                                            \
        real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)
    if (orders != NULL && fails(descriptor, &orders->write_error, &orders->writes_failed))
        return -1;
    return real(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t)
    if (orders != NULL && fails(descriptor, &orders->write_error, &orders->writes_failed))
        return -1;
    return real(descriptor, bytes, count);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t)
    if (orders != NULL && fails(descriptor, &orders->write_error, &orders->writes_failed))
        return -1;
    return real(descriptor, length);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t)
    if (orders != NULL && fails(descriptor, &orders->read_error, &orders->reads_failed))
        return -1;
    return real(descriptor, bytes, count, offset);
}

static int sync_fails(int descriptor) {
    if (orders == NULL)
        return 0;
    if (orders->sync_milliseconds > 0 && is_ours(descriptor)) {
        int32_t wait = orders->sync_milliseconds;
        struct timespec pause = {wait / 1000, (wait % 1000) * 1000000L};
        __atomic_add_fetch(&orders->syncs_slowed, 1, __ATOMIC_RELAXED);
        nanosleep(&pause, NULL);
    }
    return fails(descriptor, &orders->sync_error, &orders->syncs_failed);
}

int fdatasync(int descriptor) {
    REAL(int, "fdatasync", int)
    return sync_fails(descriptor) ? -1 : real(descriptor);
}

int fsync(int descriptor) {
    REAL(int, "fsync", int)
    return sync_fails(descriptor) ? -1 : real(descriptor);
}

int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    int wants_to_write = (flags & O_ACCMODE) != O_RDONLY;
    if (orders != NULL && orders->open_error != 0 && wants_to_write && begins_with_prefix(path)) {
        errno = orders->open_error;
        __atomic_add_fetch(&orders->opens_failed, 1, __ATOMIC_RELAXED);
        return -1;
    }
    return real_open(path, flags, mode);
}
