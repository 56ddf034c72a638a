// Every text of the page, in English and Chinese.
const words = {
  stage: ["Stage", "演示"], vendors: ["Vendors", "厂商"], routes: ["Routes", "路由"], doubts: ["Doubts", "存疑写入"], explain: ["Explain", "追踪"],
  owners: ["Owners", "归属"], sessions: ["Sessions", "会话"], pairing: ["Pairing", "配对"], data: ["Data", "数据"], audit: ["Audit", "审计"], docs: ["API docs", "接口文档"],
  unreachable: ["Switchboard does not answer.", "Switchboard 无应答。"], again: ["Try again", "重试"],
  skip: ["Skip to content", "跳到内容"], language: ["中文", "English"], theme: ["Switch light and dark", "切换明暗"], signOut: ["Sign out", "退出"], sandbox: ["Sandbox", "沙箱"],
  reader: ["Read only", "只读"], signIn: ["Sign in", "登录"], signInLead: ["The operators' console of this Switchboard.", "本 Switchboard 的运维控制台。"],
  adminKey: ["Admin or reader key", "管理员或只读密钥"], signInHint: ["The key is sent once and not kept: the browser gets a session of eight hours.", "密钥只发送一次，不会保存；浏览器获得八小时会话。"],
  wrongKey: ["This key does not open the console.", "该密钥无法打开控制台。"], tooOften: ["Too many attempts. Try again later.", "尝试过多，请稍后再试。"], notFromHere: ["The console is not open to this address.", "此地址无法访问控制台。"],
  failed: ["It did not work", "操作失败"], loading: ["Loading", "加载中"], nothing: ["Nothing here.", "暂无数据。"], cancel: ["Cancel", "取消"],
  stageLead: ["Each phone is a user of your app. What they do goes through Switchboard's API to vendors, which are mocks in this process. Write, call, then break a vendor and watch what Switchboard does about it.", "每部手机代表您应用的一位用户。操作经 Switchboard 接口发往各厂商，这里的厂商是本进程内的模拟。先聊天、通话，再让一家厂商出故障，看看 Switchboard 如何应对。"],
  online: ["online", "在线"], offline: ["offline", "离线"], send: ["Send", "发送"], write: ["Write a message", "输入消息"], messageOf: ["Message of", "消息，用户"],
  coins: ["coins", "金币"], find: ["Find somebody to talk to", "找人聊天"], available: ["Take calls", "接受来电"], searching: ["Searching for somebody", "正在找人"], offerFrom: ["Call offered by", "来电"],
  accept: ["Accept", "接受"], decline: ["Decline", "拒绝"], connecting: ["Connecting with", "正在接通"], inCall: ["In a call with", "正在通话"], startCall: ["Begin the call", "开始通话"], like: ["Like, and pay", "喜欢并付费"], liked: ["Liked: coins are due", "已喜欢：开始计费"],
  hangUp: ["Hang up", "挂断"], ended: ["The search has ended", "已结束"], idle: ["Nobody on the line", "空闲"], video: ["Video", "视频"],
  pictureOf: ["Picture of", "画面，用户"], waitPicture: ["Waiting for the picture of", "等待对方画面，用户"], silent: ["Picture only: two phones in one room would howl.", "仅画面：两部手机在一起会啸叫。"], noCamera: ["No camera here, so this picture is drawn.", "没有可用摄像头，画面由页面绘制。"], drawn: ["Draw instead", "改用绘制画面"], noVideo: ["No video", "无法播放视频"],
  mockVideo: ["No picture: the rooms here are a mock's. Start with a LiveKit server (SWITCHBOARD_LIVEKIT_URL, _API_KEY, _API_SECRET) to see real video.", "没有画面：这里的房间由模拟厂商提供。启动时接入 LiveKit 服务器（SWITCHBOARD_LIVEKIT_URL、_API_KEY、_API_SECRET）即可看到真实视频。"],
  chatOf: ["Chat of", "聊天，用户"], noMessages: ["No message yet. Write one below.", "还没有消息，在下方写一条吧。"], back: ["Back", "返回"],
  received: ["What vendors received", "厂商收到的请求"], receivedLead: ["Each call that reaches a vendor appears here, with the verdict on its signature.", "到达厂商的每次调用及其签名校验结果会显示在这里。"], signed: ["signature ok", "签名有效"], unsigned: ["signature refused", "签名无效"], executed: ["executed", "已执行"], notExecuted: ["not executed", "未执行"], fault: ["fault", "故障"], clear: ["Clear", "清空"],
  happened: ["What happened", "发生了什么"], skipped: ["skipped", "跳过"], noCalls: ["Press something on a phone or above: each call appears here, with every vendor that was asked.", "在手机上或上方点一下：每次调用以及询问过的厂商都会显示在这里。"], noVendor: ["No vendor was asked.", "未调用厂商。"],
  breakIt: ["Break a vendor", "制造厂商故障"], breakLead: ["A fault meets the next calls of that vendor until you mend it.", "故障会影响该厂商之后的调用，直到恢复。"], vendor: ["Vendor", "厂商"],
  hang: ["Hang", "挂起"], hangWhat: ["no answer", "不应答"], refuse: ["Refuse", "拒绝"], refuseWhat: ["answers 500", "返回 500"], dropAfter: ["Drop after executing", "执行后断开"], dropWhat: ["done, but nobody is told", "已执行但无应答"], slow: ["Slow", "变慢"], slowWhat: ["600 ms later", "延迟 600 毫秒"], mend: ["Mend all", "全部恢复"],
  tryIt: ["Make calls", "发起调用"], tryLead: ["As your back end would. A tip is a gray line in a chat, not money.", "如同您的后端发起。灰条是聊天中的灰色提示行，不是打赏。"], tip: ["Send a tip", "发送灰条"], tips: ["Ten tips", "十条灰条"], give: ["Give 10 coins", "赠送 10 金币"], translate: ["Translate", "翻译"], check: ["Check a text", "检查文本"],
  healthy: ["healthy", "健康"], unhealthy: ["breaker open", "熔断"], closed: ["closed", "闭合"], inFlight: ["In flight", "进行中"], retries: ["Retries", "重试"], keys: ["Keys", "密钥数"], clock: ["Clock ahead", "时钟偏差"], lastFault: ["Last fault", "最近故障"], operations: ["Operations", "操作"], operation: ["Operation", "操作"], calls: ["Calls", "调用"], failures: ["failed", "失败"], neverCalled: ["Not called yet.", "尚未调用。"], perSecond: ["per s", "每秒"], headRoom: ["Head room", "余量"],
  unknownCodes: ["Unknown codes", "未知错误码"], code: ["Code", "错误码"], count: ["Count", "次数"], sample: ["Sample", "示例"], last: ["Last", "最近"], switchBreaker: ["Switch breakers", "切换熔断器"], mode: ["Mode", "模式"], modeHint: ["auto: it decides. open: no call passes. closed: every call passes. observe: every call passes, and it counts.", "auto：自动判断；open：全部拦下；closed：全部放行；observe：放行但计数。"], class: ["Class", "类别"], all: ["all", "全部"], switched: ["switched by hand", "人工切换"],
  vendorsLead: ["Each vendor account as this replica sees it: breakers, latencies, and how many calls the vendor's limits still allow.", "本副本所见的各账号：熔断器、延迟，以及距厂商限额的余量。"],
  routesLead: ["Where each capability goes. A switch is kept, audited, and followed by every replica within a second.", "各项能力的去向。切换会被保存、审计，并在一秒内同步到所有副本。"],
  more: ["More", "更多"], move: ["Move", "迁移"], moveTitle: ["Record another account", "改记到其他账号"], moveHint: ["Changes Switchboard's record only. Nothing is moved at a vendor.", "只修改 Switchboard 的记录，不会在厂商处迁移任何内容。"], moves: ["Latest moves", "最近的迁移"],
  capability: ["Capability", "能力"], goesTo: ["Goes to", "去向"], switchRoute: ["Switch", "切换"], switchTitle: ["Switch a route", "切换路由"], route: ["Route", "路由"], routeHint: ["Vendors in the order in which they are asked: rongcloud,linkv. Or by share: weighted/rongcloud=3,linkv=1. Empty: as configured.", "按询问顺序填写厂商：rongcloud,linkv；或按比例：weighted/rongcloud=3,linkv=1。留空则按配置。"], yourName: ["Your name", "您的姓名"], reason: ["Reason", "原因"], asConfigured: ["as configured", "按配置"], byHand: ["switched", "已切换"],
  doubtsLead: ["Writes of which nobody knows yet whether the vendor executed them. The ledger goes on asking.", "尚不清楚厂商是否已执行的写入。账本会继续查询。"], noDoubts: ["No write is in doubt.", "没有存疑的写入。"], app: ["App", "应用"], state: ["State", "状态"], checks: ["Asked", "已查询"], created: ["Created", "创建时间"], request: ["Request", "请求"],
  explainLead: ["What a request did at vendors, and why. The id is in the header X-Request-Id of its answer.", "某个请求在厂商处做了什么、为什么。编号在响应头 X-Request-Id 中。"], explainEmpty: ["Enter a request id, or follow one from the stage or from Doubts.", "输入请求编号，或从“演示”“存疑写入”中点开一个。"], requestId: ["Request id", "请求编号"], look: ["Look", "查看"], readsOf: ["Reads", "读取"],
  ownersLead: ["Which vendor account has the groups and rooms that apps made. Calls about one go there, whatever the route says.", "应用创建的群组和房间在哪个厂商账号；相关调用始终去那里，与路由无关。"], noOwners: ["No app has made a group or a room yet.", "还没有应用创建过群组或房间。"], kind: ["Kind", "种类"], id: ["Id", "编号"], account: ["Account", "账号"], vendorId: ["Vendor's id", "厂商编号"], made: ["Made", "创建"],
  sessionsLead: ["Who is connected to this replica now, newest first.", "当前连接到本副本的用户，最新在前。"], noSessions: ["Nobody is connected.", "当前无人连接。"], poll: ["poll", "轮询"], user: ["User", "用户"], api: ["API", "接口"], device: ["Device", "设备"], since: ["Since", "开始"], waitingMessages: ["Not yet taken", "待取"], total: ["in all", "个会话"],
  pairingLead: ["Who searches, is offered a call, or talks at this replica now, and the last minutes as charts.", "本副本上正在寻找、被邀请或通话的人数，以及最近几分钟的变化。"], peak: ["peak", "峰值"], scene: ["Scene", "场景"], waiting: ["Waiting", "等待"], offers: ["Offers", "邀请"], inCalls: ["Calls", "通话"], fairness: ["Fairness", "公平度"], fairnessWhat: ["1: offers are shared alike", "1 表示邀请均等"], estimatedWait: ["Estimated wait", "预计等待"], people: ["People", "人员"], noPools: ["Nobody has searched for a partner yet.", "还没有人发起配对。"],
  dataLead: ["How long data about people is kept, and who had a person's data erased or copied. Both are done by /admin or the commands, not here.", "应用保留用户数据的期限，以及谁曾删除或导出某位用户的数据。执行这些操作请使用 /admin 或命令。"], retention: ["Kept for", "保留期限"], lastSweep: ["Last sweep", "最近清理"], days: ["Days", "天数"], oldest: ["Oldest", "最早"], behind: ["Hours behind", "超期小时"], forEver: ["for ever", "永久"], erasures: ["Erasures and copies", "删除与导出"], noErasures: ["Nobody has erased or copied anything yet.", "还没有人删除或导出过数据。"],
  auditLead: ["The latest switches of routes and breakers: who, when and why.", "最近对路由和熔断器的切换：谁、何时、为何。"], noAudit: ["Nobody has switched anything yet.", "还没有人切换过。"], version: ["Version", "版本"], by: ["By", "操作人"], at: ["When", "时间"], what: ["What", "内容"], live: ["live", "实时"], done: ["Done.", "完成。"], changedMeanwhile: ["Somebody else switched meanwhile; look again.", "其间有人切换过，请重新查看。"],
} as const;

// What the API names by a word of its own, for people who read Chinese; in English its words stand as documented.
const values = {
  // writes, and what became of calls
  open: ["open", "进行中"], done: ["done", "完成"], refused: ["refused", "被拒绝"], failed: ["failed", "失败"], doubt: ["doubt", "存疑"], unknown: ["unknown", "不明"],
  ok: ["ok", "成功"], definite_no: ["definite_no", "明确拒绝"], auth_fault: ["auth_fault", "认证失败"], throttled: ["throttled", "被限流"], not_sent: ["not_sent", "未发出"], definite_fail: ["definite_fail", "明确失败"], ambiguous: ["ambiguous", "结果不明"], cancelled: ["cancelled", "已取消"],
  // breakers
  "breaker closed": ["closed", "闭合"], "breaker open": ["open", "断开"], "breaker half-open": ["half-open", "半开"], "mode open": ["open", "强制断开"], "mode closed": ["closed", "强制放行"], "mode observe": ["observe", "仅观察"],
  // what apps made
  group: ["group", "群组"], chatroom: ["chatroom", "聊天室"], room: ["room", "房间"], block: ["block", "屏蔽"], reserved: ["reserved", "已预留"], made: ["made", "已创建"], gone: ["gone", "已不在"],
  // what is kept, and what became of it
  messages: ["messages", "消息"], uploads: ["uploads", "文件"], pairing: ["pairing", "配对记录"], ledger: ["ledger", "账本"], events: ["events", "事件"], running: ["running", "进行中"], exported: ["exported", "已导出"],
  // people of a pool
  offline: ["offline", "离线"], away: ["away", "离开"], cooling: ["cooling", "冷却中"], idle: ["idle", "空闲"], asking: ["asking", "寻找中"], offered: ["offered", "被邀请"], in_call: ["in a call", "通话中"], elsewhere: ["elsewhere", "在别处"],
  // faults of mocks
  hang: ["hang", "挂起"], drop: ["drop", "断开"], status: ["status", "状态码"], code: ["code", "错误码"], delay: ["delay", "变慢"],
} as const;

export type Word = keyof typeof words;
export type Language = "en" | "zh";

let language: Language = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function remembered(): Language | undefined {
  const kept = read("language");
  return kept === "en" || kept === "zh" ? kept : undefined;
}

// read and keep hold what somebody prefers to see: never a key or a token.
export function read(name: string): string | null {
  try { return localStorage.getItem("switchboard-" + name); } catch { return null; }
}
export function keep(name: string, value: string) {
  try { localStorage.setItem("switchboard-" + name, value); } catch { /* then it is forgotten */ }
}

export const current = () => language;
export function speak(next: Language) {
  language = next;
  keep("language", next);
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
}
export const t = (word: Word): string => words[word][language === "zh" ? 1 : 0];
// told is what people read for a value of the API: itself, where no word is known.
export const told = (value: string, of = ""): string => (Object.hasOwn(values, of + value) ? values[(of + value) as keyof typeof values][language === "zh" ? 1 : 0] : value);
// joined puts a text behind its name.
export const joined = (name: string, text: string | number): string => `${name}${language === "zh" ? "：" : ": "}${text}`;
export const time = (at: string) => new Date(at).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB");
export const when = (at: string) => new Date(at).toLocaleString(language === "zh" ? "zh-CN" : "en-GB");
export const number = (n: number, digits = 0) => n.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: digits });
speak(language);
