-- The secret of a webhook is sealed by the key in the data directory; one from before stands in the clear until it is sealed or changed.

ALTER TABLE "webhooks" ALTER COLUMN "secret" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "sealed_secret" bytea;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_secret" CHECK (num_nonnulls("webhooks"."secret", "webhooks"."sealed_secret") = 1);
