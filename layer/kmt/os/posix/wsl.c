/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's library: that of WSL 2, from its own place. The dynamic linker's search for the bare name comes second,
 * for containers that have it elsewhere; where it leads is up to LD_LIBRARY_PATH and the program's own folders, so a
 * process with more rights than its user does without.
 *
 * Without the device every call would be refused as UNSUCCESSFUL, which says nothing; so that is looked for first, and
 * a machine that is no WSL never loads the library.
 */
#include "kmt/os/posix/wsl.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/os/os.h"
#include "kmt/os/system.h"

static const char *missing_device(void)
{
    struct stat info;

    if (stat(ntf_wsl_place.device, &info) != 0)
        return "there is no /dev/dxg: this is not WSL 2, or one without a GPU";
    if (!S_ISCHR(info.st_mode))
        return "/dev/dxg is not a device";
    return access(ntf_wsl_place.device, R_OK) == 0 ? NULL : "/dev/dxg may not be opened";
}

struct ntf_library *ntf_system_open_library(const char **why)
{
    struct ntf_library *library;

    *why = missing_device();
    if (*why)
        return NULL;
    library = ntf_library_open_path(ntf_wsl_place.library);
    if (!library && !ntf_os_elevated())
        library = ntf_library_open_system(ntf_system_library());
    if (!library)
        *why = "the library cannot be opened";
    return library;
}
