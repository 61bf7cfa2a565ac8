-- Adds what DMARC found in mail that came in, day by day, until it is told to those who want to hear it (RFC 7489 §7.2), and the
-- reports that others send on our domains: of DMARC, and on TLS (RFC 8460). Six tables and two views are new; no mail is touched.

CREATE TABLE "dmarc_results" (
	"day" date NOT NULL,
	"domain" text NOT NULL,
	"detail_hash" "bytea" NOT NULL,
	"detail" text NOT NULL,
	"messages" bigint NOT NULL,
	"taken_at" timestamp (3) with time zone,
	CONSTRAINT "dmarc_results_day_domain_detail_hash_pk" PRIMARY KEY("day","domain","detail_hash")
);
--> statement-breakpoint
CREATE TABLE "received_reports" (
	"received_report_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "received_reports_received_report_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reporter" text NOT NULL,
	"is_verified" boolean NOT NULL,
	"octets" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dmarc_reports" (
	"dmarc_report_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dmarc_reports_dmarc_report_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain" text NOT NULL,
	"organization" text NOT NULL,
	"report_id" text NOT NULL,
	"reporter" text NOT NULL,
	"trust" text NOT NULL,
	"email" text NOT NULL,
	"begins_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"policy" jsonb NOT NULL,
	"row_count" integer NOT NULL,
	"messages" bigint NOT NULL,
	"failed" bigint NOT NULL,
	CONSTRAINT "dmarc_reports_unique" UNIQUE("domain","organization","report_id","reporter"),
	CONSTRAINT "dmarc_reports_trust" CHECK ("dmarc_reports"."trust" in ('verified', 'unverified', 'imported'))
);
--> statement-breakpoint
CREATE TABLE "dmarc_report_rows" (
	"dmarc_report_id" bigint NOT NULL,
	"row_number" integer NOT NULL,
	"source_address" "inet" NOT NULL,
	"messages" bigint NOT NULL,
	"disposition" text NOT NULL,
	"dkim" text NOT NULL,
	"spf" text NOT NULL,
	"header_from" text NOT NULL,
	"envelope_from" text NOT NULL,
	"results" jsonb NOT NULL,
	CONSTRAINT "dmarc_report_rows_dmarc_report_id_row_number_pk" PRIMARY KEY("dmarc_report_id","row_number")
);
--> statement-breakpoint
CREATE TABLE "tls_reports" (
	"tls_report_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tls_reports_tls_report_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain" text NOT NULL,
	"organization" text NOT NULL,
	"report_id" text NOT NULL,
	"reporter" text NOT NULL,
	"trust" text NOT NULL,
	"contact" text NOT NULL,
	"begins_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"row_count" integer NOT NULL,
	"successful" bigint NOT NULL,
	"failed" bigint NOT NULL,
	CONSTRAINT "tls_reports_unique" UNIQUE("domain","organization","report_id","reporter"),
	CONSTRAINT "tls_reports_trust" CHECK ("tls_reports"."trust" in ('verified', 'unverified', 'imported'))
);
--> statement-breakpoint
CREATE TABLE "tls_report_failures" (
	"tls_report_id" bigint NOT NULL,
	"row_number" integer NOT NULL,
	"policy_type" text NOT NULL,
	"type" text NOT NULL,
	"sessions" bigint NOT NULL,
	"sending_address" text NOT NULL,
	"receiving_host" text NOT NULL,
	"receiving_address" text NOT NULL,
	"reason" text NOT NULL,
	"more" text NOT NULL,
	CONSTRAINT "tls_report_failures_tls_report_id_row_number_pk" PRIMARY KEY("tls_report_id","row_number")
);
--> statement-breakpoint
ALTER TABLE "dmarc_report_rows" ADD CONSTRAINT "dmarc_report_rows_dmarc_report_id_dmarc_reports_dmarc_report_id_fk" FOREIGN KEY ("dmarc_report_id") REFERENCES "public"."dmarc_reports"("dmarc_report_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "tls_report_failures" ADD CONSTRAINT "tls_report_failures_tls_report_id_tls_reports_tls_report_id_fk" FOREIGN KEY ("tls_report_id") REFERENCES "public"."tls_reports"("tls_report_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "dmarc_reports_ends" ON "dmarc_reports" USING btree ("ends_at");
--> statement-breakpoint
CREATE INDEX "tls_reports_ends" ON "tls_reports" USING btree ("ends_at");
--> statement-breakpoint
CREATE VIEW mail.dmarc_reports AS
SELECT t.dmarc_report_id, t.domain, t.organization, t.report_id, t.reporter, t.trust, t.begins_at, t.ends_at, t.received_at,
       t.policy->>'p' AS policy, r.source_address, r.messages, r.disposition, r.dkim, r.spf, r.header_from, r.envelope_from
  FROM public.dmarc_reports AS t
  JOIN public.dmarc_report_rows AS r ON r.dmarc_report_id = t.dmarc_report_id;
--> statement-breakpoint
CREATE VIEW mail.tls_reports AS
SELECT t.tls_report_id, t.domain, t.organization, t.report_id, t.reporter, t.trust, t.begins_at, t.ends_at, t.received_at,
       t.successful, t.failed, f.policy_type, f.type AS failure, f.sessions, f.sending_address, f.receiving_host,
       f.receiving_address, f.reason
  FROM public.tls_reports AS t
  LEFT JOIN public.tls_report_failures AS f ON f.tls_report_id = t.tls_report_id;
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN
    GRANT SELECT ON mail.dmarc_reports, mail.tls_reports TO postel_reader;
  END IF;
END $$;
