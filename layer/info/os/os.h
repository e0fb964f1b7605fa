/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ntfence-info asks of the operating system beyond base/ and kmt/. One implementation in each of posix/ and
 * win32/, under the same file names (system.c, runtime.c). From the main thread only.
 */
#ifndef NTF_INFO_OS_OS_H
#define NTF_INFO_OS_OS_H

#include "base/os/os.h"
#include "kmt/d3dkmt.h"

#define INFO_PATH_BYTES 1024

struct info_system {
    char name[96];    /* "Linux 6.1.0", "Windows 10.0 build 26100" */
    char variety[96]; /* "Debian GNU/Linux 12", "Wine 8.0", "WSL2"; empty: nothing to add */
    unsigned build;   /* of Windows; 0 elsewhere */
};
void info_os_system(struct info_system *out);

/* Sets a variable of this process for the libraries in it, NULL: takes it away. */
void info_os_setenv(const char *name, const char *value);
/* Calls each for every variable whose name begins with prefix. */
void info_os_variables(const char *prefix, void (*each)(void *context, const char *name, const char *value),
                       void *context);

/* The Vulkan loader, found as an application finds it; NULL: there is none. path is where it was found, or empty. */
struct ntf_library *info_os_vulkan(char path[INFO_PATH_BYTES]);
/* Wine's own one, which loads no layers. */
bool info_os_vulkan_is_wines(struct ntf_library *library);
/* Calls each for every library of this process with part in its file name; several may be copies of one another. */
void info_os_modules(const char *part, void (*each)(void *context, const char *path), void *context);

/* The beginning of a file, terminated. Its length; -1: it cannot be read. */
int info_os_read(const char *path, char *buffer, size_t size_bytes);

/* Objects that a fence is not: an event, a piece of shared memory. NULL: the system gives none. To be closed with
 * ntf_system_close_handle. */
ntf_handle info_os_event(void);
ntf_handle info_os_section(void);

/* ---- runtime.c: Direct3D, for handles whose makers are its runtimes ---- */

enum info_made { INFO_MADE_D3D12, INFO_MADE_D3D11, INFO_MADE_BUNDLE, INFO_MADE_COUNT };

struct info_runtime_object {
    char step[64];       /* the call that came last: "ID3D12Device::CreateSharedHandle" */
    int32_t result;      /* its HRESULT; negative: there is no handle */
    ntf_handle handle;   /* to be closed with info_os_runtime_end */
    struct ntf_luid luid; /* of the device's adapter; zero if it is not told */
    void *device, *object, *more; /* the runtime's */
};
/* Makes a fence by the runtime of Direct3D 12 or 11 (value 0), or a texture of Direct3D 11 that has a keyed mutex, and
 * shares it. False: there is no handle, and step and result say why; step is "not on this system" where there is no
 * such runtime. */
bool info_os_runtime_make(enum info_made which, struct info_runtime_object *out);
/* Signals a fence of the runtime from the CPU. Its HRESULT; negative where that cannot be done. */
int32_t info_os_runtime_signal(enum info_made which, struct info_runtime_object *object, uint64_t value);
void info_os_runtime_end(struct info_runtime_object *object);

#endif /* NTF_INFO_OS_OS_H */
