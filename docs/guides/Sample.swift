// Token, send, receive, and a webhook, with Foundation and CryptoKit on iOS 15 or macOS 12.
// Not run by this repository's tests.
import CryptoKit
import Foundation

let environment = ProcessInfo.processInfo.environment
let api = environment["SWITCHBOARD_URL"] ?? "http://127.0.0.1:8081"
let server = ["app-id": environment["APP_ID"] ?? "666666", "app-key": environment["APP_KEY"] ?? "master"]

struct Failure: Error { let code: Int; let text: String }
struct Answer<T: Decodable>: Decodable { let code: Int; let error: String?; let data: T? }
struct Made: Decodable { let ConversationID: String }
struct Sent: Decodable { let MsgID: String }
struct Message: Decodable { let MsgId: String; let ConversationID: String; let `Type`: Int; let Content: String }

func post<T: Decodable>(_ path: String, _ body: [String: Any], _ headers: [String: String]) async throws -> T {
    var request = URLRequest(url: URL(string: api + path)!)
    request.httpMethod = "POST"
    request.httpBody = try JSONSerialization.data(withJSONObject: body)
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (bytes, _) = try await URLSession.shared.data(for: request)
    let answer = try JSONDecoder().decode(Answer<T>.self, from: bytes)
    guard answer.code == 0, let data = answer.data else { throw Failure(code: answer.code, text: answer.error ?? "") }
    return data
}

// Your back end mints a token for each user that has signed in to it: an app never holds the app's key.
func token(_ user: String) async throws -> String { try await post("/inner/get_token", ["session": user, "platform": 1], server) }

// connect opens a session; it goes on after the message that since names.
func connect(_ token: String, since: String = "") -> URLSessionWebSocketTask {
    let address = api.replacingOccurrences(of: "http", with: "ws", options: .anchored) + "/notify?protoc=ws&device=swift&since=" + since
    var request = URLRequest(url: URL(string: address)!)
    request.setValue("Bearer " + token, forHTTPHeaderField: "Authorization")
    let socket = URLSession.shared.webSocketTask(with: request)
    socket.resume()
    return socket
}

// next skips what is no message. From close code 3500 on a client must not come back.
func next(_ socket: URLSessionWebSocketTask) async throws -> Message {
    while true {
        guard case .string(let frame) = try await socket.receive() else { continue }
        if let message = try? JSONDecoder().decode(Message.self, from: Data(frame.utf8)), message.Type == 1 { return message }
    }
}

// Is this webhook ours, and of the last five minutes? Body is the bytes that came.
func verify(secret: String, id: String, timestamp: String, signatures: String, body: Data) -> Bool {
    let text = secret.hasPrefix("whsec_") ? String(secret.dropFirst(6)) : secret
    guard let key = Data(base64Encoded: text), let seconds = TimeInterval(timestamp), abs(Date().timeIntervalSince1970 - seconds) <= 300 else { return false }
    let signed = Data("\(id).\(timestamp).".utf8) + body
    return signatures.split(separator: " ").contains { given in
        guard given.hasPrefix("v1,"), let code = Data(base64Encoded: String(given.dropFirst(3))) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: SymmetricKey(data: key))
    }
}

@main struct Sample {
    static func main() async throws {
        let ann = try await token("ann"), ben = try await token("ben")
        let made: Made = try await post("/inner/create_conversation", ["conversation_type": 3, "sessions": ["ann", "ben"]], server)
        let socket = connect(ben)
        let _: Sent = try await post("/send_msg", ["conversation_id": made.ConversationID, "type": 1, "content": "hello"], ["Authorization": "Bearer " + ann, "Idempotency-Key": "first of " + made.ConversationID])
        print("sent")
        print("received:", try await next(socket).Content)
    }
}
