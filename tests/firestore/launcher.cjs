// A Firestore server on the loopback interface for the tests; its documents live in memory and die with it.
//
//   NODE_PATH=<folder>/node_modules node launcher.cjs [port]      prints "READY <port>"; no port: a free one
//
// @firestore-emulator/server answers most requests as Firestore does. Its commits do not: it hands out one transaction
// id for all, forgets what a transaction has read, ignores preconditions on times, keeps the first write of a commit
// whose second fails, and merges where it should replace. Here its handlers are wrapped so that a commit first checks
// everything and then writes all or nothing. The server ends when its standard input does: it never outlives the tests.
"use strict";
const { FirestoreServer } = require("@firestore-emulator/server");
const { BeginTransactionResponse } = require("@firestore-emulator/proto/dist/google/firestore/v1/firestore.js");
const { ServerCredentials, status } = require("@grpc/grpc-js");

const { state, server } = new FirestoreServer();
const key = (bytes) => Buffer.from(bytes ?? []).toString("hex");
const pathOf = (write) => write.delete || write.update?.name;
const versionOf = (document) => (document.metadata.hasExist ? Number(document.metadata.updatedAt) : null);

// What each open transaction has read: id -> (path -> version, null when there was no document).
const transactions = new Map();
let transactionCount = 0n;

function begin() {
  const id = Buffer.alloc(8);
  id.writeBigUInt64BE(++transactionCount);
  transactions.set(key(id), new Map());
  return new Uint8Array(id);
}

function noteRead(transaction, document) {
  const reads = transactions.get(key(transaction));
  if (reads && !reads.has(document.getPath())) reads.set(document.getPath(), versionOf(document));
}

/** Why a commit must not be made, or null. Later writes of a commit see the earlier ones. */
function objection(request) {
  for (const [path, version] of transactions.get(key(request.transaction)) ?? []) {
    if (versionOf(state.getDocument(path)) !== version) return [status.ABORTED, `contention on ${path}`];
  }
  const existing = new Map();
  for (const write of request.writes) {
    const path = pathOf(write);
    const document = state.getDocument(path);
    const exists = existing.get(path) ?? document.metadata.hasExist;
    const condition = write.has_current_document ? write.current_document : null;
    if (condition?.has_exists && condition.exists && !exists) return [status.NOT_FOUND, `no document to update: ${path}`];
    if (condition?.has_exists && !condition.exists && exists) return [status.ALREADY_EXISTS, `already exists: ${path}`];
    if (condition?.has_update_time) {
      const { seconds, nanos } = condition.update_time;
      const wanted = seconds * 1000 + Math.floor(nanos / 1e6);
      if (!exists || versionOf(document) !== wanted) {
        return [status.FAILED_PRECONDITION, `the stored version is not the required base version: ${path}`];
      }
    }
    existing.set(path, !write.has_delete);
  }
  return null;
}

const without = (fields, name) => Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));

/** The field that a path of a mask names, null when it goes deeper: `a b` in back-quotes is one name, a.b is two. */
function topLevelName(path) {
  const quoted = /^`((?:[^`\\]|\\.)*)`$/.exec(path);
  if (quoted) return quoted[1].replace(/\\(.)/g, "$1");
  return path.includes(".") ? null : path;
}

/** Take away the fields that a write replaces or deletes; the server itself would keep them. */
function dropOldFields(write) {
  const document = state.getDocument(write.update.name);
  const named = write.has_update_mask
    ? write.update_mask.field_paths.map(topLevelName).filter((name) => name !== null)
    : Object.keys(document.fields);
  for (const field of named) if (!write.update.fields.has(field)) document.fields = without(document.fields, field);
}

// The server keeps milliseconds: every commit gets one of its own, so that two versions never look alike.
let lastTick = 0;
function atItsOwnMillisecond(act) {
  lastTick = Math.max(Date.now(), lastTick + 1);
  const tick = lastTick;
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...parts) {
      super(...(parts.length ? parts : [tick]));
    }
  };
  try {
    act();
  } finally {
    globalThis.Date = RealDate;
  }
}

const wrappers = {
  BeginTransaction: () => (call, answer) => answer(null, BeginTransactionResponse.fromObject({ transaction: begin() })),
  Rollback: (original) => (call, answer) => {
    transactions.delete(key(call.request.transaction));
    original(call, answer);
  },
  BatchGetDocuments: (original) => (call) => {
    for (const path of call.request.documents) noteRead(call.request.transaction, state.getDocument(path));
    original(call);
  },
  RunQuery: (original) => (call) => {
    if (key(call.request.transaction)) {
      const found = state.v1Query(call.request.parent, call.request.structured_query);
      for (const document of found) noteRead(call.request.transaction, document);
    }
    original(call);
  },
  Commit: (original) => (call, answer) => {
    const refusal = objection(call.request);
    transactions.delete(key(call.request.transaction));
    if (refusal) {
      const [code, details] = refusal;
      answer(Object.assign(new Error(details), { code, details }), null);
      return;
    }
    for (const write of call.request.writes) if (write.has_update) dropOldFields(write);
    atItsOwnMillisecond(() => original(call, answer));
  },
};
for (const [name, wrap] of Object.entries(wrappers)) {
  const handler = server.handlers.get(`/google.firestore.v1.Firestore/${name}`);
  handler.func = wrap(handler.func.bind(null));
}

const end = () => {
  server.forceShutdown();
  process.exit(0);
};
process.stdin.on("end", end).resume();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
process.on("uncaughtException", (fault) => console.error(fault.stack));
server.bindAsync(`127.0.0.1:${process.argv[2] ?? 0}`, ServerCredentials.createInsecure(), (fault, port) => {
  if (fault) {
    console.error(fault.message);
    process.exit(1);
  }
  console.log(`READY ${port}`);
});
