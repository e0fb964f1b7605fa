/* SPDX-License-Identifier: Apache-2.0 */
/* What bridge_relacy.cpp judges, apart from it: so a change of it takes no compilation of all else. */
#include "ntf_relacy.h"

#include <cstdlib>
#include <cstring>

#define NTF_BRIDGE_PARTS 1
#include "bridge_relacy.h"

/* A doorbell hung up: all else of it is given its value one by one, and the model's atomics are no bytes. */
#define memset(at, byte, size) ((at)->parker = NULL)

#include "base/lock.c" /* bridge_relacy.py puts the copies to be judged first on the include path */
#include "fence/driver.c"
#include "fence/doorbell.c"
#include "fence/lane.c"
#include "fence/bridge.c"
