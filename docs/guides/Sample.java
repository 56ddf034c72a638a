// Token, send, receive, and a webhook, with Java 17 and nothing else: java Sample.java.
// In your program take a JSON library in place of field().
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Sample {
  static final HttpClient HTTP = HttpClient.newHttpClient();
  static final String API = env("SWITCHBOARD_URL", "http://127.0.0.1:8081");
  static final String[] SERVER = {"app-id", env("APP_ID", "666666"), "app-key", env("APP_KEY", "master")};

  public static void main(String[] args) throws Exception {
    // Your back end mints a token for each user that has signed in to it.
    String ann = token("ann"), ben = token("ben");
    String conversation = field(post("/inner/create_conversation", "{\"conversation_type\":3,\"sessions\":[\"ann\",\"ben\"]}", SERVER), "ConversationId");
    post("/send_msg", "{\"conversation_id\":\"" + conversation + "\",\"type\":1,\"content\":\"hello\"}", "Authorization", "Bearer " + ann, "Idempotency-Key", "first of " + conversation);
    System.out.println("sent");
    // A client goes on with the position of the last answer.
    String came = send(request("/notify?protoc=poll&since=22222-2222-2222-222", "Authorization", "Bearer " + ben).GET().build());
    String ours = came.substring(came.indexOf(conversation)); // notices of who comes and goes have Type 0
    System.out.println("received: " + field(ours.substring(ours.indexOf("\"Type\":1,")), "Content"));
    if (System.getenv("WEBHOOK_SECRET") != null) {
      boolean genuine = verify(System.getenv("WEBHOOK_SECRET"), System.getenv("WEBHOOK_ID"), System.getenv("WEBHOOK_TIMESTAMP"), System.getenv("WEBHOOK_SIGNATURE"), System.getenv("WEBHOOK_BODY"));
      System.out.println(genuine ? "webhook ok" : "webhook refused");
    }
  }

  static String token(String user) throws Exception {
    return field(post("/inner/get_token", "{\"session\":\"" + user + "\",\"platform\":1}", SERVER), "data");
  }

  // Is this webhook ours, and of the last five minutes? Body is the text that came.
  static boolean verify(String secret, String id, String timestamp, String signatures, String body) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")), "HmacSHA256"));
    byte[] want = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal((id + "." + timestamp + "." + body).getBytes("UTF-8")))).getBytes("UTF-8");
    boolean found = false;
    for (String given : signatures.split(" ")) found |= MessageDigest.isEqual(given.getBytes("UTF-8"), want);
    return found && Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) <= 300;
  }

  static HttpRequest.Builder request(String path, String... headers) {
    return HttpRequest.newBuilder(URI.create(API + path)).headers(headers);
  }

  static String post(String path, String body, String... headers) throws Exception {
    String answer = send(request(path, headers).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build());
    if (!answer.contains("\"code\":0")) throw new IllegalStateException(answer);
    return answer;
  }

  static String send(HttpRequest request) throws Exception {
    return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  static String field(String json, String name) {
    var found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
    if (!found.find()) throw new IllegalStateException(json);
    return found.group(1);
  }

  static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
