// SPDX-License-Identifier: Apache-2.0
#include <windows.h>

#include "rally.h"

void pairs_yield(void)
{
    (void)SwitchToThread();
}
