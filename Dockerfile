# The image of Task Center: docker build --tag taskcenter .
#
# The base is pinned to the Node that the tests run on; whoever deploys it pins the digest of what was built. Its Node is
# the only one in the image: the npm package `node`, which brings a second one elsewhere, fetches its binary by an
# install script, and here install scripts are not run.
FROM node:26.10.0-trixie-slim AS base

# What the program needs at run time, from the lock file, and nothing that only its development needs.
FROM base AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/.bin node_modules/node

# The program, the console and the documentation, built from the sources.
FROM base AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm run build:web && rm dist/.web-built
# The program's name on the path. It says `#!/usr/bin/env node`, which becomes the process itself.
RUN ln -s taskcenter.js bin/taskcenter
# The data folder, made here so that a new volume is given to the image's user.
RUN mkdir -m 0700 /build/data

FROM base
LABEL org.opencontainers.image.title="Task Center" \
      org.opencontainers.image.description="The durable record of every long-running operation on your databases" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /opt/taskcenter
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/package.json /build/LICENSE /build/CHANGELOG.md ./
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
COPY --from=build --chown=10001:10001 /build/data /var/lib/taskcenter
ENV PATH=/opt/taskcenter/bin:$PATH \
    TASKCENTER_DATA=/var/lib/taskcenter \
    TASKCENTER_LISTEN=0.0.0.0:8080
# By number, so that a cluster can see that it is not root. The program's files are root's: it cannot change itself.
USER 10001:10001
WORKDIR /var/lib/taskcenter
VOLUME /var/lib/taskcenter
EXPOSE 8080
# Asked of the program's own Node: the image needs no other program for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://' + process.env.TASKCENTER_LISTEN + '/readyz', { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No init before it: the server handles SIGTERM itself, as the first process too, and waits for the only processes that
# it starts, its workers.
STOPSIGNAL SIGTERM
ENTRYPOINT ["taskcenter"]
CMD ["serve"]
