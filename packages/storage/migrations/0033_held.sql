-- Adds messages that their senders want to be released at a time to come (RFC 4865), with the copies to be delivered then, their
-- octets in pieces, and a view of them. Three tables are new; no mail is touched.

CREATE TABLE "held_messages" (
	"account_id" bigint NOT NULL,
	"message_id" uuid NOT NULL,
	"held_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"release_at" timestamp (3) with time zone NOT NULL,
	"released_at" timestamp (3) with time zone,
	"request" text NOT NULL,
	"reverse_path" text NOT NULL,
	"size_octets" bigint NOT NULL,
	CONSTRAINT "held_messages_account_id_message_id_pk" PRIMARY KEY("account_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "held_copies" (
	"account_id" bigint NOT NULL,
	"message_id" uuid NOT NULL,
	"copy" integer NOT NULL,
	"recipient_id" bigint NOT NULL,
	"mailbox_id" bigint,
	"system_flags" smallint NOT NULL,
	"prefix" "bytea" NOT NULL,
	"forward_path" text NOT NULL,
	"protocol" text NOT NULL,
	"client_address" "inet",
	"client_name" text,
	"details" jsonb,
	CONSTRAINT "held_copies_account_id_message_id_copy_pk" PRIMARY KEY("account_id","message_id","copy")
);
--> statement-breakpoint
CREATE TABLE "held_contents" (
	"account_id" bigint NOT NULL,
	"message_id" uuid NOT NULL,
	"chunk" integer NOT NULL,
	"octets" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "held_contents_account_id_message_id_chunk_pk" PRIMARY KEY("account_id","message_id","chunk")
);
--> statement-breakpoint
ALTER TABLE "held_contents" ALTER COLUMN "octets" SET STORAGE EXTERNAL;--> statement-breakpoint
CREATE VIEW mail.held AS
SELECT h.account_id, a.name AS account, h.message_id, h.held_at, h.release_at, h.released_at, h.request, h.reverse_path,
       ARRAY(SELECT c.forward_path FROM public.held_copies AS c
              WHERE c.account_id = h.account_id AND c.message_id = h.message_id ORDER BY c.copy) AS forward_paths,
       h.size_octets
  FROM public.held_messages AS h
  JOIN public.accounts AS a ON a.account_id = h.account_id;
--> statement-breakpoint
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN GRANT SELECT ON mail.held TO postel_reader; END IF;
END $$;
