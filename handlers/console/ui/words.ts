// Every text of the page, in English and Chinese.
const words = {
  stage: ["Stage", "演示"], vendors: ["Vendors", "厂商"], routes: ["Routes", "路由"], doubts: ["Doubts", "存疑写入"], explain: ["Explain", "追踪"],
  owners: ["Owners", "归属"], sessions: ["Sessions", "会话"], pairing: ["Pairing", "配对"], audit: ["Audit", "审计"], docs: ["API docs", "接口文档"],
  skip: ["Skip to content", "跳到内容"], language: ["中文", "English"], theme: ["Switch light and dark", "切换明暗"], signOut: ["Sign out", "退出"], sandbox: ["Sandbox", "沙箱"],
  reader: ["Read only", "只读"], signIn: ["Sign in", "登录"], signInLead: ["The operators' console of this Switchboard.", "本 Switchboard 的运维控制台。"],
  adminKey: ["Admin or reader key", "管理员或只读密钥"], signInHint: ["The key is sent once and not kept: the browser gets a session of eight hours.", "密钥只发送一次，不会保存；浏览器获得八小时会话。"],
  wrongKey: ["This key does not open the console.", "该密钥无法打开控制台。"], tooOften: ["Too many attempts. Try again later.", "尝试过多，请稍后再试。"], notFromHere: ["The console is not open to this address.", "此地址无法访问控制台。"],
  failed: ["It did not work", "操作失败"], loading: ["Loading", "加载中"], nothing: ["Nothing here.", "暂无数据。"], cancel: ["Cancel", "取消"], refresh: ["Refresh", "刷新"],
  stageLead: ["Each phone is a user of your app. What they do goes through Switchboard's API to vendors, which are mocks in this process. Write, call, then break a vendor and watch what Switchboard does about it.", "每部手机代表您应用的一位用户。操作经 Switchboard 接口发往各厂商，这里的厂商是本进程内的模拟。先聊天、通话，再弄坏一家厂商，看看 Switchboard 如何应对。"],
  online: ["online", "在线"], offline: ["offline", "离线"], connect: ["Online", "在线"], send: ["Send", "发送"], write: ["Write a message", "输入消息"], messageOf: ["Message of", "消息，用户"],
  coins: ["coins", "金币"], find: ["Find somebody to talk to", "找人聊天"], available: ["Take calls", "接受来电"], searching: ["Searching for somebody", "正在寻找"], offerFrom: ["Call offered by", "来电，来自"],
  accept: ["Accept", "接受"], decline: ["Decline", "拒绝"], connecting: ["Connecting with", "正在接通"], inCall: ["In a call with", "通话中，对方"], startCall: ["Begin the call", "开始通话"], like: ["Like, and pay", "喜欢并付费"], liked: ["Liked: coins are due", "已喜欢：开始计费"],
  hangUp: ["Hang up", "挂断"], ended: ["The search has ended", "寻找已结束"], idle: ["Nobody on the line", "空闲"], video: ["Video", "视频"],
  pictureOf: ["Picture of", "画面，用户"], waitPicture: ["Waiting for the picture of", "等待对方画面，用户"], silent: ["Picture only: two phones in one room would howl.", "仅画面：同屋两部手机会啸叫。"], noCamera: ["No camera here, so this picture is drawn.", "没有可用摄像头，画面由页面绘制。"], drawn: ["Draw instead", "改用绘制画面"], noVideo: ["No video", "无法播放视频"],
  mockVideo: ["No picture: the rooms here are a mock's. Start with a LiveKit server (SWITCHBOARD_LIVEKIT_URL, _API_KEY, _API_SECRET) to see real video.", "没有画面：这里的房间由模拟厂商提供。启动时接入 LiveKit 服务器（SWITCHBOARD_LIVEKIT_URL、_API_KEY、_API_SECRET）即可看到真实视频。"],
  chatOf: ["Chat of", "聊天，用户"], noMessages: ["No message yet. Write one below.", "还没有消息，在下方写一条吧。"], back: ["Back", "返回"],
  received: ["What vendors received", "厂商收到的请求"], receivedLead: ["Each call that reaches a vendor appears here, with the verdict on its signature.", "到达厂商的每次调用及其签名校验结果会显示在这里。"], signed: ["signature ok", "签名有效"], unsigned: ["signature refused", "签名无效"], executed: ["executed", "已执行"], notExecuted: ["not executed", "未执行"], fault: ["fault", "故障"], clear: ["Clear", "清空"],
  happened: ["What happened", "发生了什么"], happenedLead: ["Each of your calls, as explain tells it.", "您的每次调用，由 explain 说明。"], skipped: ["skipped", "跳过"], noCalls: ["Press something on a phone or above: each call appears here, with every vendor that was asked.", "在手机上或上方点一下：每次调用以及询问过的厂商都会显示在这里。"], noVendor: ["No vendor was asked.", "未调用厂商。"],
  breakIt: ["Break a vendor", "弄坏厂商"], breakLead: ["A fault meets the next calls of that vendor until you mend it.", "故障会影响该厂商之后的调用，直到恢复。"], vendor: ["Vendor", "厂商"],
  hang: ["Hang", "挂起"], hangWhat: ["no answer", "不应答"], refuse: ["Refuse", "拒绝"], refuseWhat: ["answers 500", "返回 500"], dropAfter: ["Drop after executing", "执行后断开"], dropWhat: ["done, but nobody is told", "已执行但无应答"], slow: ["Slow", "变慢"], slowWhat: ["600 ms later", "延迟 600 毫秒"], mend: ["Mend all", "全部恢复"],
  tryIt: ["Make calls", "发起调用"], tip: ["Send a tip", "发送提示"], tips: ["Ten tips", "十条提示"], give: ["Give 10 coins", "赠送 10 金币"], translate: ["Translate", "翻译"], check: ["Check a text", "检查文本"],
  healthy: ["healthy", "健康"], unhealthy: ["breaker open", "熔断"], closed: ["closed", "闭合"], inFlight: ["In flight", "进行中"], retries: ["Retries", "重试"], keys: ["Keys", "密钥数"], clock: ["Clock ahead", "时钟偏差"], lastFault: ["Last fault", "最近故障"], breakers: ["Breakers", "熔断器"], operations: ["Operations", "操作"], operation: ["Operation", "操作"], calls: ["Calls", "调用"], perSecond: ["per s", "每秒"], headRoom: ["Head room", "余量"],
  unknownCodes: ["Unknown codes", "未知错误码"], code: ["Code", "错误码"], count: ["Count", "次数"], sample: ["Sample", "示例"], last: ["Last", "最近"], switchBreaker: ["Switch breakers", "切换熔断器"], mode: ["Mode", "模式"], class: ["Class", "类别"], all: ["all", "全部"], switched: ["switched by hand", "人工切换"],
  vendorsLead: ["Each account as this replica meets it: breakers, latencies, and what is left below the vendor's limits.", "本副本所见的各账号：熔断器、延迟，以及距厂商限额的余量。"],
  routesLead: ["Where each capability goes. A switch is kept, audited, and followed by every replica within a second.", "各项能力的去向。切换会被保存、审计，并在一秒内同步到所有副本。"],
  more: ["More", "更多"], move: ["Move", "迁移"], moveTitle: ["Say that it is at another account", "指明其所在账号"], moveHint: ["Moves the record alone: no vendor is asked.", "只修改记录，不调用厂商。"],
  capability: ["Capability", "能力"], goesTo: ["Goes to", "去向"], switchRoute: ["Switch", "切换"], switchTitle: ["Switch a route", "切换路由"], route: ["Route", "路由"], routeHint: ["Vendors in their order, as rongcloud,linkv or weighted/rongcloud=3,linkv=1. Empty: as configured.", "按顺序填写厂商，如 rongcloud,linkv 或 weighted/rongcloud=3,linkv=1。留空：按配置。"], yourName: ["Your name", "您的姓名"], reason: ["Reason", "原因"], asConfigured: ["as configured", "按配置"], byHand: ["switched", "已切换"],
  doubtsLead: ["Writes of which nobody knows yet whether the vendor executed them. The ledger goes on asking.", "尚不清楚厂商是否已执行的写入。账本会继续查询。"], noDoubts: ["No write is in doubt.", "没有存疑的写入。"], app: ["App", "应用"], state: ["State", "状态"], checks: ["Asked", "已查询"], created: ["Created", "创建时间"], request: ["Request", "请求"],
  explainLead: ["What a request did at vendors, and why. The id is in the header X-Request-Id of its answer.", "某个请求在厂商处做了什么、为什么。编号在响应头 X-Request-Id 中。"], requestId: ["Request id", "请求编号"], look: ["Look", "查看"], writesOf: ["Writes", "写入"], readsOf: ["Reads", "读取"],
  ownersLead: ["Which account has what apps made. Calls about it go there, whatever the route says.", "应用创建的对象归属哪个账号；相关调用始终去那里。"], kind: ["Kind", "种类"], id: ["Id", "编号"], account: ["Account", "账号"], vendorId: ["Vendor's id", "厂商编号"], made: ["Made", "创建"],
  sessionsLead: ["Live sessions of the replica that answers, newest first.", "应答副本上的实时会话，最新在前。"], user: ["User", "用户"], api: ["API", "接口"], device: ["Device", "设备"], since: ["Since", "开始"], waitingMessages: ["Waiting", "待取"], total: ["in all", "总计"],
  pairingLead: ["Asks and people of this replica now, and the last minutes.", "本副本当前的请求与人员，以及最近几分钟。"], scene: ["Scene", "场景"], waiting: ["Waiting", "等待"], offers: ["Offers", "邀请"], inCalls: ["Calls", "通话"], fairness: ["Fairness", "公平度"], fairnessWhat: ["1: all get alike many offers", "1 表示邀请均等"], estimatedWait: ["Estimated wait", "预计等待"], people: ["People", "人员"], noPools: ["Nobody has asked yet.", "还没有人发起请求。"],
  auditLead: ["The latest switches: who, when and why.", "最近的切换：谁、何时、为何。"], version: ["Version", "版本"], by: ["By", "操作人"], at: ["At", "时间"], what: ["What", "内容"], live: ["live", "实时"], stale: ["not answering", "无应答"], done: ["Done.", "完成。"], changedMeanwhile: ["Somebody else switched meanwhile; look again.", "其间有人切换过，请重新查看。"],
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
export const time = (at: string) => new Date(at).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB");
export const when = (at: string) => new Date(at).toLocaleString(language === "zh" ? "zh-CN" : "en-GB");
export const number = (n: number, digits = 0) => n.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: digits });
speak(language);
