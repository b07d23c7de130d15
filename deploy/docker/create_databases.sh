#!/bin/sh
# On the database container's first start: one database a service. Its owner migrates, its own role runs and changes no table.
set -eu

for service in intake dunning notifications ledger legal; do
    psql --username "${POSTGRES_USER:-postgres}" --set ON_ERROR_STOP=1 --set name="$service" --set owner="${service}_owner" \
        --set database="quittance_$service" --set password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'password';
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"name";
SQL
done
