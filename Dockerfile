# Postel without its embedded Postgres: docker-compose.yml gives it one of its own.
# The pages of the web are built here: what builds them is not needed to serve them.
FROM node:26-bookworm-slim AS pages
WORKDIR /postel
COPY . .
RUN npm ci --ignore-scripts && node apps/admin-web/src/ui/build-pages.ts

FROM node:26-bookworm-slim
WORKDIR /postel
ENV NODE_ENV=production
# Node 26 and Postgres are there already, so the platform packages that bring them (optional) are left out.
COPY package.json package-lock.json .npmrc ./
COPY apps/admin-web/package.json apps/admin-web/
COPY apps/housekeeping/package.json apps/housekeeping/
COPY apps/imap/package.json apps/imap/
COPY apps/postel/package.json apps/postel/
COPY apps/smtp/package.json apps/smtp/
COPY packages/config/package.json packages/config/
COPY packages/directory/package.json packages/directory/
COPY packages/imap-wire/package.json packages/imap-wire/
COPY packages/mime/package.json packages/mime/
COPY packages/sasl/package.json packages/sasl/
COPY packages/storage/package.json packages/storage/
COPY packages/supervision/package.json packages/supervision/
COPY packages/testkit/package.json packages/testkit/
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY bin bin
COPY apps apps
COPY packages packages
COPY --from=pages /postel/apps/admin-web/dist apps/admin-web/dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "bin/postel.mjs"]
CMD ["localserve", "--data", "/data"]
