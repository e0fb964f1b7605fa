// SPDX-License-Identifier: Apache-2.0
#include <windows.h>

#define MAP_LOCK CRITICAL_SECTION
#define MAP_LOCK_INIT(lock) InitializeCriticalSection(lock)
#define MAP_LOCK_TAKE(lock) EnterCriticalSection(lock)
#define MAP_LOCK_DROP(lock) LeaveCriticalSection(lock)
#include "map.inc"
