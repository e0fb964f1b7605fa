/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/wsl.h"

/* WSL mounts the folder from the host, read-only. A container gets it under the same path (Microsoft's instructions:
 * -v /usr/lib/wsl:/usr/lib/wsl --device /dev/dxg). */
const struct ntf_wsl_place ntf_wsl_place = { "/usr/lib/wsl/lib/libdxcore.so", "/dev/dxg" };
