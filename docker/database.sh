#!/bin/bash
# Runs once, when the database is made: the register's own role and database, as the embedded one has them.
# The role is no superuser; migrations make the role `workplan_app`, as which the service works.
set -euo pipefail
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set=password="$(cat /run/secrets/database_password)" <<'SQL'
create role workplan login createrole password :'password';
create database workplan owner workplan;
revoke all on database workplan from public;
SQL
