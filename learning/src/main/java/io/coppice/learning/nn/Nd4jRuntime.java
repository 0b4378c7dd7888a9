package io.coppice.learning.nn;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.nd4j.common.config.ND4JSystemProperties;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings ND4J up the way Coppice needs it: one thread of mathematics for every calling thread, since agents run side by side;
 * the fast kernels of its OpenBLAS, which takes the slowest ones on processors that are newer than itself; and without a word
 * on the console.
 *
 * <p>The native libraries read their environment when they are loaded, and only then. That is why the variables are set in the
 * process itself, by {@code setenv}, and why nothing else may touch ND4J before {@link #start}.
 */
public final class Nd4jRuntime {

  private static final Logger log = LoggerFactory.getLogger(Nd4jRuntime.class);

  /** What OpenBLAS's SKYLAKEX kernels need. */
  private static final Set<String> AVX512 =
      Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");

  /** What OpenBLAS's HASWELL kernels need. */
  private static final Set<String> AVX2 = Set.of("avx2", "fma");

  private Nd4jRuntime() {}

  /** Loads ND4J and its native libraries, once a process; the first start on a machine unpacks them and takes seconds. */
  public static void start() {
    Holder.load();
  }

  /**
   * The OpenBLAS kernels for a processor, or empty where its own choice stands.
   *
   * @param cpuFlags the flags line of {@code /proc/cpuinfo}, split at blanks
   */
  static Optional<String> coreType(Set<String> cpuFlags) {
    if (cpuFlags.containsAll(AVX512)) {
      return Optional.of("SKYLAKEX");
    }
    return cpuFlags.containsAll(AVX2) ? Optional.of("HASWELL") : Optional.empty();
  }

  /** The class initialiser runs once, and every thread waits for its end. */
  private static final class Holder {

    static {
      setEnvironment("OMP_NUM_THREADS", "1");
      if (System.getenv("OPENBLAS_CORETYPE") == null) {
        coreType(cpuFlags()).ifPresent(core -> setEnvironment("OPENBLAS_CORETYPE", core));
      }
      setDefault(ND4JSystemProperties.LOG_INITIALIZATION, "false");
      // ND4J's arrays live outside the heap: a limit derived from -Xmx would end in a loop of
      // System.gc().
      setDefault(ND4JSystemProperties.JAVACPP_MEMORY_MAX_BYTES, "0");
      setDefault(ND4JSystemProperties.JAVACPP_MEMORY_MAX_PHYSICAL_BYTES, "0");
      // Java's copy of the environment is older than setenv: ND4J would ask for a thread a core
      // from it.
      Nd4j.getEnvironment().setMaxThreads(1);
      Nd4j.getEnvironment().setMaxMasterThreads(1);
      org.nd4j.nativeblas.NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
      org.bytedeco.openblas.global.openblas.blas_set_num_threads(1);
      Nd4j.getMemoryManager().togglePeriodicGc(false);
    }

    static void load() {}
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private static Set<String> cpuFlags() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    Path cpuInfo = Path.of("/proc/cpuinfo");
    if (!List.of("amd64", "x86_64").contains(arch) || !Files.isReadable(cpuInfo)) {
      return Set.of();
    }
    try (Stream<String> lines = Files.lines(cpuInfo)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(
              line -> Set.copyOf(List.of(line.substring(line.indexOf(':') + 1).trim().split(" +"))))
          .orElse(Set.of());
    } catch (IOException e) {
      log.debug("The processor's features are unknown, OpenBLAS chooses its kernels itself.", e);
      return Set.of();
    }
  }

  /** setenv(3); where the platform has none its variables stay as they are, and ND4J works, only slower. */
  private static void setEnvironment(String name, String value) {
    Linker linker = Linker.nativeLinker();
    SymbolLookup symbols = linker.defaultLookup();
    Optional<MemorySegment> setenv = symbols.find("setenv");
    if (setenv.isEmpty()) {
      return;
    }
    MethodHandle handle =
        linker.downcallHandle(
            setenv.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int failed = (int) handle.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      if (failed != 0) {
        log.debug("{}={} could not be set.", name, value);
      }
    } catch (Throwable e) {
      throw new IllegalStateException("setenv could not be called.", e);
    }
  }
}
