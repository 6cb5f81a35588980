// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl {

/// One step an older database needs; the version is their number.
inline constexpr const char* kRunStoreMigrations[] = {
    "CREATE TABLE entries ("
    "  key TEXT PRIMARY KEY, stage TEXT NOT NULL, cost_key TEXT NOT NULL, document TEXT NOT NULL,"
    "  artefact TEXT NOT NULL, artefact_sha256 TEXT NOT NULL, artefact_bytes INTEGER NOT NULL,"
    "  seconds REAL NOT NULL, units INTEGER NOT NULL, created TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX entries_by_cost ON entries (cost_key);"
    "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, process TEXT NOT NULL, renewed REAL NOT NULL)"
    "  WITHOUT ROWID;",
    // Files of entries are looked up when one is removed.
    "CREATE INDEX entries_by_artefact ON entries (artefact);",
};

}  // namespace whorl
