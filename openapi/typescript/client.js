// Made by openapi/generate from client.ts. DO NOT EDIT.
var __defProp = Object.defineProperty;
var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
var __publicField = (obj, key, value) => __defNormalProp(obj, typeof key !== "symbol" ? key + "" : key, value);

// fresh:generated.ts
var operations = {
  capabilities: ["GET", "/admin/capabilities"],
  doubts: ["GET", "/admin/doubts"],
  erasures: ["GET", "/admin/erasures"],
  eraseUser: ["POST", "/admin/erasures"],
  explain: ["GET", "/admin/explain/{request}"],
  logLevel: ["GET", "/admin/log"],
  setLogLevel: ["PUT", "/admin/log"],
  me: ["GET", "/admin/me"],
  owners: ["GET", "/admin/owners"],
  moveOwner: ["POST", "/admin/owners"],
  pairs: ["GET", "/admin/pairs"],
  retention: ["GET", "/admin/retention"],
  routes: ["GET", "/admin/routes"],
  setRoutes: ["PUT", "/admin/routes"],
  sessions: ["GET", "/admin/sessions"],
  vendors: ["GET", "/admin/vendors"],
  setBreaker: ["POST", "/admin/vendors/{vendor}/breaker"],
  capabilitiesOfApp: ["GET", "/api/server/capabilities"],
  listChatRooms: ["GET", "/api/server/chatrooms"],
  createChatRoom: ["POST", "/api/server/chatrooms"],
  endChatRoom: ["DELETE", "/api/server/chatrooms/{room}"],
  showChatRoom: ["GET", "/api/server/chatrooms/{room}"],
  unblockInChatRoom: ["DELETE", "/api/server/chatrooms/{room}/blocks"],
  listChatRoomBlocks: ["GET", "/api/server/chatrooms/{room}/blocks"],
  blockInChatRoom: ["POST", "/api/server/chatrooms/{room}/blocks"],
  unmuteInChatRoom: ["DELETE", "/api/server/chatrooms/{room}/mutes"],
  listChatRoomMutes: ["GET", "/api/server/chatrooms/{room}/mutes"],
  muteInChatRoom: ["POST", "/api/server/chatrooms/{room}/mutes"],
  listChatRoomUsers: ["GET", "/api/server/chatrooms/{room}/users"],
  erasure: ["GET", "/api/server/erasures/{erasure}"],
  listGroups: ["GET", "/api/server/groups"],
  createGroup: ["POST", "/api/server/groups"],
  endGroup: ["DELETE", "/api/server/groups/{group}"],
  showGroup: ["GET", "/api/server/groups/{group}"],
  renameGroup: ["PATCH", "/api/server/groups/{group}"],
  removeMembers: ["DELETE", "/api/server/groups/{group}/members"],
  listMembers: ["GET", "/api/server/groups/{group}/members"],
  addMembers: ["POST", "/api/server/groups/{group}/members"],
  unmuteMembers: ["DELETE", "/api/server/groups/{group}/mutes"],
  listMutes: ["GET", "/api/server/groups/{group}/mutes"],
  muteMembers: ["POST", "/api/server/groups/{group}/mutes"],
  transferGroup: ["PUT", "/api/server/groups/{group}/owner"],
  sendSystem: ["POST", "/api/server/im/send/system"],
  sendTip: ["POST", "/api/server/im/send/tip"],
  sendMessage: ["POST", "/api/server/messages"],
  broadcastMessage: ["POST", "/api/server/messages/broadcast"],
  editMessage: ["POST", "/api/server/messages/edit"],
  messageHistory: ["GET", "/api/server/messages/history"],
  recallMessage: ["POST", "/api/server/messages/recall"],
  sendTemplate: ["POST", "/api/server/messages/template"],
  pairHosts: ["GET", "/api/server/pair/hosts"],
  changePairHosts: ["POST", "/api/server/pair/hosts"],
  replacePairHosts: ["PUT", "/api/server/pair/hosts"],
  listRooms: ["GET", "/api/server/rooms"],
  roomStatus: ["GET", "/api/server/rooms/{room}"],
  banFromRoom: ["POST", "/api/server/rooms/{room}/ban"],
  sendRoomData: ["POST", "/api/server/rooms/{room}/data"],
  dissolveRoom: ["POST", "/api/server/rooms/{room}/dissolve"],
  withdrawRoomGrants: ["DELETE", "/api/server/rooms/{room}/grants"],
  grantRoom: ["POST", "/api/server/rooms/{room}/grants"],
  setRoomIdentity: ["POST", "/api/server/rooms/{room}/identity"],
  kickFromRoom: ["POST", "/api/server/rooms/{room}/kick"],
  messageRoom: ["POST", "/api/server/rooms/{room}/message"],
  muteInRoom: ["POST", "/api/server/rooms/{room}/mute"],
  setRoomPermission: ["POST", "/api/server/rooms/{room}/permission"],
  listRoomRecordings: ["GET", "/api/server/rooms/{room}/recordings"],
  recordRoom: ["POST", "/api/server/rooms/{room}/recordings"],
  stopRoomRecording: ["POST", "/api/server/rooms/{room}/recordings/{recording}/stop"],
  roomSpeakers: ["GET", "/api/server/rooms/{room}/speakers"],
  unbanFromRoom: ["POST", "/api/server/rooms/{room}/unban"],
  roomUsers: ["GET", "/api/server/rooms/{room}/users"],
  putUsers: ["PUT", "/api/server/users"],
  usersPresence: ["POST", "/api/server/users/presence"],
  pushToUsers: ["POST", "/api/server/users/push"],
  getUser: ["GET", "/api/server/users/{user}"],
  putUser: ["PUT", "/api/server/users/{user}"],
  banUser: ["POST", "/api/server/users/{user}/ban"],
  removeFromBlacklist: ["DELETE", "/api/server/users/{user}/blacklist"],
  userBlacklist: ["GET", "/api/server/users/{user}/blacklist"],
  addToBlacklist: ["POST", "/api/server/users/{user}/blacklist"],
  blockUser: ["POST", "/api/server/users/{user}/block"],
  userCalls: ["GET", "/api/server/users/{user}/calls"],
  eraseUserData: ["DELETE", "/api/server/users/{user}/data"],
  listUserGroups: ["GET", "/api/server/users/{user}/groups"],
  getNotice: ["GET", "/api/server/users/{user}/notices"],
  setNotice: ["PUT", "/api/server/users/{user}/notices"],
  removeRemark: ["DELETE", "/api/server/users/{user}/remarks"],
  setRemarks: ["POST", "/api/server/users/{user}/remarks"],
  userRooms: ["GET", "/api/server/users/{user}/rooms"],
  endUserSessions: ["DELETE", "/api/server/users/{user}/sessions"],
  listUserSessions: ["GET", "/api/server/users/{user}/sessions"],
  endDeviceSessions: ["DELETE", "/api/server/users/{user}/sessions/{device}"],
  unbanUser: ["POST", "/api/server/users/{user}/unban"],
  unblockUser: ["POST", "/api/server/users/{user}/unblock"],
  adjustWallet: ["POST", "/api/server/wallet/adjust"],
  creditOrder: ["POST", "/api/server/wallet/orders"],
  removeWords: ["DELETE", "/api/server/words"],
  listWords: ["GET", "/api/server/words"],
  addWords: ["POST", "/api/server/words"],
  beforeMessage: ["POST", "/api/v1/im/before/check"],
  issueToken: ["POST", "/api/v1/im/token"],
  issueRoomToken: ["POST", "/api/v1/rtc/token"],
  translate: ["POST", "/api/v1/translate/action"],
  beforeVideo: ["POST", "/api/v1/video/before/check"],
  delPairRecord: ["POST", "/api/v1/video/delPairRecord"],
  pairAnswer: ["POST", "/api/v1/video/pair/answer"],
  pairAsk: ["POST", "/api/v1/video/pair/ask"],
  pairAvail: ["POST", "/api/v1/video/pair/avail"],
  pairCall: ["POST", "/api/v1/video/pair/call"],
  pairCancel: ["POST", "/api/v1/video/pair/cancel"],
  pairConfirm: ["POST", "/api/v1/video/pair/confirm"],
  pairInfo: ["POST", "/api/v1/video/pair/info"],
  pairRecords: ["POST", "/api/v1/video/pairRecords"],
  wallet: ["GET", "/api/v1/wallet"],
  gatewayCheckJoined: ["POST", "/check_joined_conversation"],
  gatewayCreate: ["POST", "/create_conversation"],
  gatewayAfter: ["POST", "/get_conversation_30msg_after_the_id"],
  gatewayBefore: ["POST", "/get_conversation_30msg_before_the_id"],
  gatewayDetail: ["POST", "/get_conversation_detail"],
  gatewayLast30: ["POST", "/get_conversation_last_30_msg"],
  gatewayLastOne: ["POST", "/get_conversation_lastone_msg"],
  gatewayRange: ["POST", "/get_conversation_msg_by_range"],
  gatewayJoined: ["POST", "/get_joined_conversation"],
  gatewayLastID: ["POST", "/get_lastone_msgid"],
  imFind: ["GET", "/im/conversations"],
  imCreate: ["POST", "/im/conversations"],
  imUpdate: ["PUT", "/im/conversations"],
  imDelete: ["DELETE", "/im/conversations/{conv}"],
  imRemoveMembers: ["DELETE", "/im/conversations/{conv}/members"],
  imMembers: ["GET", "/im/conversations/{conv}/members"],
  imAddMembers: ["POST", "/im/conversations/{conv}/members"],
  imMessages: ["GET", "/im/conversations/{conv}/message"],
  imSend: ["POST", "/im/conversations/{conv}/message"],
  imRead: ["POST", "/im/conversations/{conv}/read"],
  imUsers: ["GET", "/im/users"],
  imAddUsers: ["POST", "/im/users"],
  innerCreate: ["POST", "/inner/create_conversation"],
  mintToken: ["POST", "/inner/get_token"],
  innerJoin: ["POST", "/inner/join_conversation"],
  innerKickOut: ["POST", "/inner/kickout_conversation"],
  innerArchive: ["POST", "/inner/set_archive_conversations"],
  gatewayJoin: ["POST", "/join_conversation"],
  gatewayLeave: ["POST", "/leave_conversation"],
  gatewaySend: ["POST", "/send_msg"],
  gatewayRead: ["POST", "/set_conversation_read"]
};

// typescript/client.ts
var Failure = class extends Error {
  constructor(status, code, message, data, retryAfter, requestId) {
    super(message);
    __publicField(this, "status", status);
    __publicField(this, "code", code);
    __publicField(this, "data", data);
    __publicField(this, "retryAfter", retryAfter);
    __publicField(this, "requestId", requestId);
  }
};
var Client = class {
  constructor(options = {}) {
    __publicField(this, "options", options);
  }
  // call answers the envelope, which narrows by its code. It throws a Failure for an
  // answer that has no envelope and tells of a failure.
  async call(name, given) {
    const response = await this.send(name, given);
    const answer = await response.json().catch(() => null);
    if (answer === null || !response.ok && typeof answer.code !== "number") throw failureOf(response, answer);
    return answer;
  }
  // ask answers the data alone and throws a Failure for any code but 0.
  async ask(name, given) {
    const response = await this.send(name, given);
    const answer = await response.json().catch(() => null);
    if (answer === null || !response.ok || typeof answer.code === "number" && answer.code !== 0) throw failureOf(response, answer);
    return typeof answer.code === "number" ? answer.data : answer;
  }
  async send(name, given) {
    const [method, template] = operations[name];
    const path = template.replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(String(given.path[key])));
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(given.query ?? {})) if (value !== void 0) query.set(key, String(value));
    const headers = { ...this.options.headers };
    for (const [key, value] of Object.entries(given.header ?? {})) if (value !== void 0) headers[key] = String(value);
    const { base = "", appId, appKey, token, adminKey, fetch: send = fetch } = this.options;
    if (appId) headers["app-id"] = appId;
    if (appKey) headers["app-key"] = appKey;
    if (adminKey) headers["admin-key"] = adminKey;
    if (token) headers["Authorization"] = "Bearer " + (typeof token === "function" ? await token() : token);
    if (given.body !== void 0) headers["Content-Type"] = "application/json";
    const search = query.toString();
    const body = given.body === void 0 ? void 0 : JSON.stringify(given.body);
    return send(base + path + (search && "?" + search), { method, headers, body, signal: given.signal, cache: "no-store" });
  }
};
function failureOf(response, answer) {
  const text = answer?.err ?? answer?.error ?? answer?.message ?? response.statusText;
  return new Failure(response.status, answer?.code ?? 0, String(text), answer?.data, Number(response.headers.get("Retry-After") ?? 0), response.headers.get("X-Request-Id") ?? "");
}
export {
  Client,
  Failure,
  operations
};
