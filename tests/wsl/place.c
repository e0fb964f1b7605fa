// SPDX-License-Identifier: Apache-2.0
// In the place of layer/kmt/os/posix/wsl_place.c.
#include <stdio.h>

#include "kmt/os/posix/wsl.h"
#include "support.h"

static char library[1024], device[256];

const struct ntf_wsl_place ntf_wsl_place = {library, device};

void place_set(const char *new_library, const char *new_device)
{
    (void)snprintf(library, sizeof library, "%s", new_library);
    (void)snprintf(device, sizeof device, "%s", new_device);
}
