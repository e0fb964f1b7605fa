// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#define MAP_LOCK pthread_mutex_t
#define MAP_LOCK_INIT(lock) pthread_mutex_init((lock), NULL)
#define MAP_LOCK_TAKE(lock) pthread_mutex_lock(lock)
#define MAP_LOCK_DROP(lock) pthread_mutex_unlock(lock)
#include "map.inc"
