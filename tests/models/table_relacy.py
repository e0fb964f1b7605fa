#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The handle table, the real base/table.c, under Relacy (table_relacy.cpp).

Usage: table_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

TABLE, READERS = "base/table.c", "base/table.h"
REUSE = Scene(1, "arrays replaced and filled anew", (), ("bound 2", "random 100000"))
CHANGED = Scene(2, "values and keys changed", (), ("bound 2", "random 100000"))
LIST = Scene(4, "a list looked at while arrays are replaced", (), ("bound 2", "random 100000"))
WRITERS = Scene(3, "two writers and growth", (), ("bound 2", "random 100000"))

main(Model(
    main="table_relacy.cpp",
    sources=("base/table.c", "base/table.h", "base/lock.c"),
    scenes=(REUSE, CHANGED, WRITERS, LIST),
    tries=("bound 2", "random 50000"),
    trims=((TABLE, "#define FIRST_BITS 5u", "#define FIRST_BITS 2u"),
           (TABLE, "ntf_table_places(array) / 2)", "ntf_table_places(array) / 4)")),
    changes=(
        Change(REUSE, "the epoch behind the lookup", READERS,
               "return !(epoch & 1) && ntf_load(&array->epoch, NTF_RELAXED) == epoch;", "return !(epoch & 1);"),
        Change(REUSE, "the odd epoch before the lookup", READERS, "return !(epoch & 1) && ", "return "),
        Change(REUSE, "the odd epoch", TABLE,
               "    ntf_store(&array->epoch, ntf_load(&array->epoch, NTF_RELAXED) + 1, NTF_RELEASE);\n", ""),
        Change(REUSE, "the even epoch", TABLE, "epoch + (epoch & 1), NTF_RELEASE", "epoch, NTF_RELEASE"),
        Change(REUSE, "the release of a cleared place", TABLE, "(uint64_t)NTF_TABLE_FREE, NTF_RELEASE",
               "(uint64_t)NTF_TABLE_FREE, NTF_RELAXED"),
        Change(LIST, "the bit", TABLE,
               "    ntf_store(word, ntf_load(word, NTF_RELAXED) | (uint64_t)1 << bit % 64, NTF_RELEASE);\n", ""),
        Change(WRITERS, "the bit before the key", TABLE,
               "    ntf_store(word, ntf_load(word, NTF_RELAXED) | (uint64_t)1 << bit % 64, NTF_RELEASE);\n"
               "    ntf_store(&pair->value, value, NTF_RELEASE);\n    ntf_store(&pair->key, key, NTF_RELEASE);\n",
               "    ntf_store(&pair->value, value, NTF_RELEASE);\n    ntf_store(&pair->key, key, NTF_RELEASE);\n"
               "    ntf_store(word, ntf_load(word, NTF_RELAXED) | (uint64_t)1 << bit % 64, NTF_RELEASE);\n"),
        # Not in the list: the release of a bit. It matters when one writer clears a word and another fills it.
        Change(LIST, "the release of cleared bits", TABLE, "ntf_store(&array->seen[i], (uint64_t)0, NTF_RELEASE)",
               "ntf_store(&array->seen[i], (uint64_t)0, NTF_RELAXED)"),
        Change(LIST, "the acquire of a bit", READERS, "ntf_load(&array->seen[bit / 64], NTF_ACQUIRE)",
               "ntf_load(&array->seen[bit / 64], NTF_RELAXED)"),
        Change(CHANGED, "the release of a key", TABLE, "ntf_store(&pair->key, key, NTF_RELEASE)",
               "ntf_store(&pair->key, key, NTF_RELAXED)"),
        # Nor those of the array's address: of the keys the epoch says the same, being released when they are there and
        # acquired before they are read, and the plain fields of a new array are no variables of the model.
        Change(REUSE, "the acquire of the epoch", READERS, "ntf_load(&array->epoch, NTF_ACQUIRE)",
               "ntf_load(&array->epoch, NTF_RELAXED)"),
        Change(REUSE, "the acquire of a key", READERS, "return ntf_load(&pair->key, NTF_ACQUIRE)",
               "return ntf_load(&pair->key, NTF_RELAXED)"),
        # Not in the list: release and acquire of a value. The loss takes three switches, which takes minutes.
        Change(REUSE, "copying what is live", TABLE, "    copy_live(array, old);\n", ""),
        Change(CHANGED, "value before key", TABLE,
               "    ntf_store(&pair->value, value, NTF_RELEASE);\n    ntf_store(&pair->key, key, NTF_RELEASE);\n",
               "    ntf_store(&pair->key, key, NTF_RELEASE);\n    ntf_store(&pair->value, value, NTF_RELEASE);\n"),
        Change(CHANGED, "the mark of a removed place", TABLE, "ntf_store(&pair->key, NTF_TABLE_GONE, NTF_RELEASE)",
               "ntf_store(&pair->key, (uint64_t)NTF_TABLE_FREE, NTF_RELEASE)"),
        Change(WRITERS, "the writers' lock", TABLE,
               "    ntf_lock_take(&table->lock);\n    r = insert_locked(table, key, value);\n",
               "    r = insert_locked(table, key, value);\n    ntf_lock_take(&table->lock);\n"),
        Change(WRITERS, "the lock's wake", "base/lock.c", "        ntf_os_unpark_all(&lock->state);\n", "        ;\n"),
    ),
))
