package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.bytedeco.openblas.global.openblas;
import org.nd4j.common.config.ND4JSystemProperties;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings ND4J up the way Coppice needs it: one thread of mathematics for every calling thread, since agents run side by side,
 * and without a word on the console.
 *
 * <p>The native libraries read their environment when they are loaded, and only then. That is why the variables are set in the
 * process itself, by {@code setenv}, and why nothing else may touch ND4J before {@link #start}.
 */
final class Nd4jRuntime {

  private static final Logger log = LoggerFactory.getLogger(Nd4jRuntime.class);

  private Nd4jRuntime() {}

  /** Loads ND4J and its native libraries, once a process; the first start on a machine unpacks them and takes seconds. */
  static void start() {
    Holder.load();
  }

  /** The class initialiser runs once, and every thread waits for its end. */
  private static final class Holder {

    static {
      setEnvironment("OMP_NUM_THREADS", "1");
      chooseOpenBlasKernels();
      setDefault(ND4JSystemProperties.LOG_INITIALIZATION, "false");
      // ND4J's arrays live outside the heap: a limit derived from -Xmx would end in a loop of
      // System.gc().
      setDefault(ND4JSystemProperties.JAVACPP_MEMORY_MAX_BYTES, "0");
      setDefault(ND4JSystemProperties.JAVACPP_MEMORY_MAX_PHYSICAL_BYTES, "0");
      // Java's copy of the environment is older than setenv: ND4J would ask for a thread a core
      // from it.
      Nd4j.getEnvironment().setMaxThreads(1);
      Nd4j.getEnvironment().setMaxMasterThreads(1);
      NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
      openblas.blas_set_num_threads(1);
      Nd4j.getMemoryManager().togglePeriodicGc(false);
    }

    static void load() {}
  }

  /**
   * ND4J's OpenBLAS takes its slowest kernels on a processor that is younger than it. Where oneDNN does the products it is not asked;
   * elsewhere it is told by the length of the vectors what the processor can do, unless the environment says so already.
   */
  private static void chooseOpenBlasKernels() {
    String name = "OPENBLAS_CORETYPE";
    if (System.getenv(name) != null || !System.getProperty("os.arch").equals("amd64")) {
      return;
    }
    switch (Kernels.best().vectorBits()) {
      case 512 -> setEnvironment(name, "SKYLAKEX");
      case 256 -> setEnvironment(name, "HASWELL");
      default -> {}
    }
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** setenv(3). A platform without it keeps its variables, and ND4J the threads that it takes by itself. */
  @SuppressWarnings("restricted") // the signature is that of POSIX
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
