/* SPDX-License-Identifier: Apache-2.0 */
/* There is no Direct3D here. (WSL2 has a runtime of Direct3D 12; its shared handles are not asked about.) */
#include <stdio.h>
#include <string.h>

#include "info/os/os.h"

#define E_NOTIMPL ((int32_t)0x80004001)

bool info_os_runtime_make(enum info_made which, struct info_runtime_object *out)
{
    (void)which;
    memset(out, 0, sizeof *out);
    (void)snprintf(out->step, sizeof out->step, "not on this system");
    out->result = E_NOTIMPL;
    return false;
}

int32_t info_os_runtime_signal(enum info_made which, struct info_runtime_object *object, uint64_t value)
{
    (void)which;
    (void)object;
    (void)value;
    return E_NOTIMPL;
}

void info_os_runtime_end(struct info_runtime_object *object)
{
    (void)object;
}
