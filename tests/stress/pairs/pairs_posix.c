// SPDX-License-Identifier: Apache-2.0
#include "rally.h"

#include <sched.h>

void pairs_yield(void)
{
    (void)sched_yield();
}
