-- Adds what came of TLS with other domains, day by day, until it is told to those who want to hear it (RFC 8460). One table is new.

CREATE TABLE "tls_results" (
	"day" date NOT NULL,
	"domain" text NOT NULL,
	"detail_hash" "bytea" NOT NULL,
	"detail" text NOT NULL,
	"sessions" bigint NOT NULL,
	"taken_at" timestamp (3) with time zone,
	CONSTRAINT "tls_results_day_domain_detail_hash_pk" PRIMARY KEY("day","domain","detail_hash")
);
