/* SPDX-License-Identifier: Apache-2.0 */
/* This program and where it runs: nothing that names a user or a machine. */
#include "info/os/os.h"
#include "info/parts.h"

void info_system_part(void)
{
    struct info_node *part = info_object(info_report(), "system", "System");
    struct info_system system;

    info_os_system(&system);
    info_text(part, "ntfence", "ntfence-info", "%s", NTF_VERSION);
    info_number(part, "bits", "bits", 8 * sizeof(void *));
    info_text(part, "system", "system", "%s", system.name);
    info_text(part, "variety", system.variety[0] ? "which is" : NULL, "%s", system.variety);
    info_number(part, "windows_build", NULL, system.build);
}
