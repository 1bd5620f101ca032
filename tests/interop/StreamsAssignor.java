// Apache Kafka's own assignor of streams groups, asked line by line on stdin:
//   STANDBYS|SUBTOPOLOGY:TASKS:STATEFUL,...|MEMBER:PROCESS:ACTIVE:STANDBY|...     with tasks as SUBTOPOLOGY-PARTITION;...
// It answers with a line MEMBER:ACTIVE:STANDBY|...

import java.io.*;
import java.util.*;
import org.apache.kafka.coordinator.group.streams.assignor.*;

public class StreamsAssignor {
    public static void main(String[] arguments) throws Exception {
        BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            System.out.println(answer(line.split("\\|", -1)));
        }
    }

    static String answer(String[] fields) {
        TreeMap<String, String[]> subtopologies = new TreeMap<>();
        for (String each : fields[1].split(",")) {
            subtopologies.put(each.split(":")[0], each.split(":"));
        }
        Map<String, AssignmentMemberSpec> members = new HashMap<>();
        for (String field : Arrays.copyOfRange(fields, 2, fields.length)) {
            String[] each = field.split(":", -1);
            members.put(each[0], new AssignmentMemberSpec(Optional.empty(), Optional.empty(), parsed(each[2]), parsed(each[3]), Map.of(),
                each[1], Map.of(), Map.of(), Map.of()));
        }
        TopologyDescriber topology = new TopologyDescriber() {
            public List<String> subtopologies() { return new ArrayList<>(subtopologies.keySet()); }
            public int maxNumInputPartitions(String name) { return Integer.parseInt(subtopologies.get(name)[1]); }
            public boolean isStateful(String name) { return subtopologies.get(name)[2].equals("1"); }
        };
        GroupSpec group = new GroupSpecImpl(members, Map.of("num.standby.replicas", fields[0]));
        List<String> parts = new ArrayList<>();
        new StickyTaskAssignor().assign(group, topology).members().forEach((member, tasks) ->
            parts.add(member + ":" + text(tasks.activeTasks()) + ":" + text(tasks.standbyTasks())));
        return String.join("|", parts);
    }

    static Map<String, Set<Integer>> parsed(String text) {
        Map<String, Set<Integer>> tasks = new HashMap<>();
        for (String each : text.isEmpty() ? new String[0] : text.split(";")) {
            String[] task = each.split("-");
            tasks.computeIfAbsent(task[0], name -> new HashSet<>()).add(Integer.parseInt(task[1]));
        }
        return tasks;
    }

    static String text(Map<String, Set<Integer>> tasks) {
        List<String> texts = new ArrayList<>();
        tasks.forEach((name, partitions) -> partitions.forEach(each -> texts.add(name + "-" + each)));
        return String.join(";", texts);
    }
}
