// Apache Kafka's own message classes as a codec to compare with. A line of the input is a class, the
// version and the hex of a message to read, or two dashes for a message of defaults, and a version
// to write it in; a line of the output is what Kafka wrote, in hex, and tells of it in JSON.

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;

public class Echo {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            try {
                out.println(echo(words[0], words[1], words[2], Short.parseShort(words[3])));
            } catch (InvocationTargetException wrapped) {
                out.println("! " + wrapped.getCause());
            } catch (Exception error) {
                out.println("! " + error);
            }
        }
        out.flush();
    }

    static String echo(String name, String from, String hex, short version) throws Exception {
        Class<?> type = Class.forName(name);
        Message message;
        if (from.equals("-")) {
            message = (Message) type.getConstructor().newInstance();
        } else {
            ByteBuffer received = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
            message = (Message) type.getConstructor(Readable.class, short.class)
                .newInstance(new ByteBufferAccessor(received), Short.parseShort(from));
            if (received.hasRemaining()) {
                return "! " + received.remaining() + " bytes left";
            }
        }
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer written = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(written), cache, version);
        JsonNode json = (JsonNode) Class.forName(name + "JsonConverter")
            .getMethod("write", type, short.class).invoke(null, message, version);
        return HexFormat.of().formatHex(written.array()) + " " + json;
    }
}
