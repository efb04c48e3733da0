package db

// MigrateWith is Migrate with a list of migrations of the test's own.
var MigrateWith = (*DB).migrate
