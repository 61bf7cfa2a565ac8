# Postel without its embedded Postgres: docker-compose.yml gives it one of its own.
# The pages of the web are built here: what builds them is not needed to serve them.
FROM node:26-bookworm-slim AS pages
WORKDIR /postel
COPY . .
RUN npm ci --ignore-scripts && node apps/admin-web/src/ui/build-pages.ts
RUN mkdir /manifests && cp --parents package.json package-lock.json .npmrc apps/*/package.json packages/*/package.json /manifests

FROM node:26-bookworm-slim
WORKDIR /postel
ENV NODE_ENV=production
# Node 26 and Postgres are there already, so the platform packages that bring them (optional) are left out.
COPY --from=pages /manifests ./
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
