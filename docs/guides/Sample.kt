// Token, send, receive, and a webhook on the JVM, with Kotlin and its
// kotlinx.serialization. Android has no java.net.http: there OkHttp sends and listens.
// Not run by this repository's tests.
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.net.http.WebSocket
import java.security.MessageDigest
import java.time.Instant
import java.util.Base64
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.math.abs
import kotlinx.serialization.json.*

val api = System.getenv("SWITCHBOARD_URL") ?: "http://127.0.0.1:8081"
val server = arrayOf("app-id", System.getenv("APP_ID") ?: "666666", "app-key", System.getenv("APP_KEY") ?: "master")
val http: HttpClient = HttpClient.newHttpClient()

class Failure(val code: Int, text: String) : Exception(text)

fun post(path: String, body: JsonObject, vararg headers: String): JsonElement? {
    val request = HttpRequest.newBuilder(URI.create(api + path)).headers(*headers).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body.toString())).build()
    val answer = Json.parseToJsonElement(http.send(request, HttpResponse.BodyHandlers.ofString()).body()).jsonObject
    val code = answer.getValue("code").jsonPrimitive.int
    if (code != 0) throw Failure(code, answer.toString())
    return answer["data"]
}

// Your back end mints a token for each user that has signed in to it.
fun token(user: String): String = post("/inner/get_token", buildJsonObject { put("session", user); put("platform", 1) }, *server)!!.jsonPrimitive.content

// receive completes with the first text; from close code 3500 on a client must not come back.
fun receive(token: String, conversation: String): CompletableFuture<String> {
    val first = CompletableFuture<String>()
    val text = StringBuilder()
    http.newWebSocketBuilder().subprotocols("bearer", token).buildAsync(URI.create(api.replaceFirst("http", "ws") + "/notify?protoc=ws&device=kotlin&since="), object : WebSocket.Listener {
        override fun onText(socket: WebSocket, data: CharSequence, last: Boolean): CompletionStage<*>? {
            text.append(data)
            if (last) {
                val message = Json.parseToJsonElement(text.toString()).jsonObject
                text.clear()
                if (message["ConversationID"]?.jsonPrimitive?.content == conversation && message["Type"]?.jsonPrimitive?.int == 1) first.complete(message.getValue("Content").jsonPrimitive.content)
            }
            socket.request(1)
            return null
        }

        override fun onClose(socket: WebSocket, code: Int, reason: String): CompletionStage<*>? {
            first.completeExceptionally(Failure(code, reason))
            return null
        }
    }).join()
    return first
}

// Is this webhook ours, and of the last five minutes? Body is the text that came.
fun verify(secret: String, id: String, timestamp: String, signatures: String, body: String): Boolean {
    val mac = Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(Base64.getDecoder().decode(secret.removePrefix("whsec_")), "HmacSHA256")) }
    val want = "v1," + Base64.getEncoder().encodeToString(mac.doFinal("$id.$timestamp.$body".toByteArray()))
    val found = signatures.split(" ").any { MessageDigest.isEqual(it.toByteArray(), want.toByteArray()) }
    return found && abs(Instant.now().epochSecond - timestamp.toLong()) <= 300
}

fun main() {
    val ann = token("ann")
    val members = buildJsonArray { add("ann"); add("ben") }
    val made = post("/inner/create_conversation", buildJsonObject { put("conversation_type", 3); put("sessions", members) }, *server)!!
    val conversation = made.jsonObject.getValue("ConversationID").jsonPrimitive.content
    val received = receive(token("ben"), conversation)
    post("/send_msg", buildJsonObject { put("conversation_id", conversation); put("type", 1); put("content", "hello") }, "Authorization", "Bearer $ann", "Idempotency-Key", "first of $conversation")
    println("sent")
    println("received: " + received.get())
}
